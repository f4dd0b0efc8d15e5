"""A log over one connection: the same log, for one writer, until the end of the block."""

from collections.abc import Iterator

import pytest
from redis import Redis

from millstream_contract.errors import Fenced, LogUnavailable
from millstream_contract.keys import log_key
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import PATIENCE_SECONDS, TTL_SECONDS, frames
from tests.harness.ports import free_port
from tests.harness.refusals import REFUSALS, Refusal
from tests.harness.valkey import ValkeyServer


@pytest.fixture
def only_one(private_valkey: ValkeyServer) -> Iterator["Redis"]:
    """A client that may have one connection, to a server that a test may break."""
    url = private_valkey.url()
    with redis_client(url, timeout_seconds=PATIENCE_SECONDS, most_connections=1) as client:
        yield client


def test_what_is_appended_over_it_is_in_the_log_and_the_other_way_round(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 1))

    with log.on_one_connection() as own:
        assert own.take_over(response_id, 1).count == 2
        assert own.append(response_id, 1, frames(2, 5)).count == 6
        log.request_stop(response_id)
        assert own.append(response_id, 1, frames(6, 6)).stop

        assert list(own.read_all(response_id)) == frames(0, 6)
    assert list(log.read_all(response_id)) == frames(0, 6)
    assert 0 < redis.pttl(log_key(response_id)) <= TTL_SECONDS * 1000


def test_a_later_attempt_fences_it(log: TokenLog, response_id: str) -> None:
    with log.on_one_connection() as own:
        own.take_over(response_id, 1)
        log.take_over(response_id, 2)

        with pytest.raises(Fenced):
            own.append(response_id, 1, frames(0, 0))


def test_scripts_that_the_server_forgot_are_told_again_over_it(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with log.on_one_connection() as own:
        own.append(response_id, 0, frames(0, 0))
        redis.script_flush()
        own.append(response_id, 0, frames(1, 1))
        redis.script_flush()
        assert own.take_over(response_id, 1).count == 2
        redis.script_flush()
        assert own.read_after(response_id, -1) == frames(0, 1)


def test_nobody_else_gets_the_connection_and_everybody_gets_it_back(
    only_one: "Redis", response_id: str
) -> None:
    log = TokenLog(only_one)
    with log.on_one_connection() as own:
        own.append(response_id, 0, frames(0, 0))
        with pytest.raises(LogUnavailable):
            log.read_after(response_id, -1)
        with pytest.raises(LogUnavailable), log.on_one_connection():
            pass
        assert own.append(response_id, 0, frames(1, 1)).count == 2

    assert log.read_after(response_id, -1) == frames(0, 1)


def test_it_is_given_back_also_when_the_block_fails(only_one: "Redis", response_id: str) -> None:
    log = TokenLog(only_one)

    with pytest.raises(ZeroDivisionError), log.on_one_connection():
        raise ZeroDivisionError

    assert log.read_after(response_id, -1) == []


def test_a_server_that_is_gone_when_it_is_asked_for_is_said_by_name() -> None:
    with redis_client(f"redis://127.0.0.1:{free_port()}", timeout_seconds=1) as client:
        with pytest.raises(LogUnavailable), TokenLog(client).on_one_connection():
            pass


def test_a_connection_that_broke_is_made_anew_by_the_next_call(
    only_one: "Redis", private_valkey: ValkeyServer, response_id: str
) -> None:
    log = TokenLog(only_one)
    with log.on_one_connection() as own:
        own.append(response_id, 0, frames(0, 0))
        with private_valkey.client() as admin:
            admin.client_kill_filter(_type="normal", skipme=True)
        assert own.append(response_id, 0, frames(1, 1)).count == 2

        private_valkey.restart(keep_data=True)
        assert own.append(response_id, 0, frames(2, 2)).count == 3

        private_valkey.pause()
        with pytest.raises(LogUnavailable):
            own.append(response_id, 0, frames(3, 3))
        private_valkey.resume()
        assert own.append(response_id, 0, frames(3, 3)).count == 4

        private_valkey.kill()
        with pytest.raises(LogUnavailable):
            own.append(response_id, 0, frames(4, 4))
        private_valkey.restart(keep_data=False)
        assert own.append(response_id, 0, frames(4, 4)).gap
    assert log.count(response_id) == 0


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_what_is_refused_over_it_can_be_repeated_over_it(
    private_valkey: ValkeyServer, response_id: str, refusal: Refusal
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        log = TokenLog(client)
        with log.on_one_connection() as own:
            own.append(response_id, 0, frames(0, 1))
            with refusal.on(private_valkey):
                for _ in range(2):
                    with pytest.raises(LogUnavailable):
                        own.append(response_id, 0, frames(2, 3))

            assert own.append(response_id, 0, frames(2, 3)).count == 4
        assert log.read_after(response_id, -1) == frames(0, 3)
