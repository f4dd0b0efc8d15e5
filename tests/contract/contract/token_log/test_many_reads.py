"""Many reads in one trip say what as many reads alone would."""

import pytest
from redis import Redis

from millstream_contract.errors import LogUnavailable
from millstream_contract.identifiers import new_id
from millstream_contract.keys import log_key, state_key
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import LogReads, Part, TokenLog
from tests.contract.contract.token_log.entries import frames
from tests.harness.valkey import ValkeyServer


@pytest.fixture
def reads(redis: "Redis") -> LogReads:
    return LogReads(redis)


def test_each_part_is_what_a_read_alone_gives(log: TokenLog, reads: LogReads) -> None:
    one, other, none = (new_id("resp") for _ in range(3))
    log.append(one, 0, frames(0, 9))
    log.append(other, 0, frames(0, 3, "other"))
    parts = [Part(one, -1), Part(other, 1), Part(one, 4, limit=2), Part(none, -1), Part(one, 9)]

    assert reads.after(parts) == [log.read_after(*part) for part in parts]
    assert reads.counts([one, none, other]) == [10, 0, 4]


def test_all_parts_cost_one_trip(log: TokenLog, reads: LogReads, redis: "Redis") -> None:
    response_id = new_id("resp")
    log.append(response_id, 0, frames(0, 9))
    reads.after([Part(response_id, -1)])
    redis.config_resetstat()

    reads.after([Part(response_id, cursor) for cursor in range(9)])

    commands = redis.info("commandstats")
    assert commands["cmdstat_evalsha"]["calls"] == 9
    assert not {"cmdstat_script|exists", "cmdstat_script|load", "cmdstat_eval"} & set(commands)


def test_a_server_that_has_forgotten_its_scripts_is_told_them_again(
    log: TokenLog, reads: LogReads, redis: "Redis"
) -> None:
    response_id = new_id("resp")
    log.append(response_id, 0, frames(0, 3))
    redis.script_flush()

    assert reads.after([Part(response_id, -1), Part(response_id, 1)]) == [
        frames(0, 3),
        frames(2, 3),
    ]


def test_garbage_in_one_log_stands_in_nobodys_way(
    log: TokenLog, reads: LogReads, redis: "Redis"
) -> None:
    spoiled, whole = new_id("resp"), new_id("resp")
    log.append(whole, 0, frames(0, 3))
    redis.set(log_key(spoiled), "garbage")
    redis.set(state_key(spoiled), "garbage")

    wrong, right = reads.after([Part(spoiled, -1), Part(whole, -1)])

    assert isinstance(wrong, LogUnavailable)
    assert right == frames(0, 3)
    assert reads.counts([spoiled, whole]) == [0, 4]


def test_a_server_that_is_gone_is_told_of_as_such(private_valkey: ValkeyServer) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=1) as client:
        reads = LogReads(client)
        private_valkey.kill()

        with pytest.raises(LogUnavailable):
            reads.after([Part(new_id("resp"), -1)])
        with pytest.raises(LogUnavailable):
            reads.counts([new_id("resp")])
