"""Servers that forget, hang, restart or are gone; connections that are taken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from millstream_contract.errors import LogUnavailable
from millstream_contract.keys import PROBE_KEY
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import PATIENCE_SECONDS, frames
from tests.harness.ports import free_port
from tests.harness.valkey import ValkeyServer


def test_a_server_that_forgot_the_scripts_is_told_them_again(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, frames(0, 0))
    redis.script_flush()

    log.append(response_id, 0, frames(1, 1))
    redis.script_flush()
    assert log.read_after(response_id, -1) == frames(0, 1)
    redis.script_flush()
    assert log.take_over(response_id, 1).count == 2


def test_a_server_that_is_gone_is_said_by_name(response_id: str) -> None:
    with redis_client(f"redis://127.0.0.1:{free_port()}", timeout_seconds=1) as client:
        log = TokenLog(client)
        for call in (
            lambda: log.append(response_id, 0, frames(0, 0)),
            lambda: log.take_over(response_id, 1),
            lambda: log.read_after(response_id, -1),
            lambda: log.request_stop(response_id),
            lambda: log.count(response_id),
            log.ping,
        ):
            with pytest.raises(LogUnavailable):
                call()


@pytest.mark.parametrize(
    "refuse",
    [
        lambda redis: redis.replicaof("127.0.0.1", str(free_port())),
        lambda redis: redis.config_set("min-replicas-to-write", 1),
        lambda redis: redis.config_set("maxmemory", 1),
    ],
    ids=["a replica", "too few replicas", "a full memory"],
)
def test_a_server_that_takes_no_writes_does_not_pass_for_well(
    private_valkey: ValkeyServer, refuse: Callable[["Redis"], object]
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        log = TokenLog(client)
        log.ping()
        refuse(client)

        assert client.ping()
        with pytest.raises(LogUnavailable):
            log.ping()


def test_a_probe_leaves_nothing_for_long(log: TokenLog, redis: "Redis") -> None:
    log.ping()

    left_ms = redis.pttl(PROBE_KEY)
    # It may be gone already: -2. One that stays for ever has -1.
    assert left_ms == -2 or 0 <= left_ms <= 1000


def test_readers_at_the_same_time_share_the_connections_there_may_be(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    url = private_valkey.url()
    with redis_client(url, timeout_seconds=30, most_connections=2) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 9))
        with ThreadPoolExecutor(20) as readers:
            read = list(readers.map(lambda _: log.read_after(response_id, -1), range(500)))

        assert read == [frames(0, 9)] * 500
        assert len(client.client_list()) == 2


def test_a_connection_that_does_not_become_free_is_waited_for_no_longer_than_a_reply(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    url = private_valkey.url()
    with redis_client(url, timeout_seconds=PATIENCE_SECONDS, most_connections=1) as client:
        log = TokenLog(client)
        pool = client.connection_pool
        held = pool.get_connection()

        with pytest.raises(LogUnavailable):
            log.read_after(response_id, -1)

        pool.release(held)
        assert log.read_after(response_id, -1) == []


def test_a_server_that_hangs_is_given_up_after_the_timeout(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=PATIENCE_SECONDS) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 0))
        private_valkey.pause()

        with pytest.raises(LogUnavailable):
            log.append(response_id, 0, frames(1, 1))

        private_valkey.resume()
        assert log.append(response_id, 0, frames(1, 1)).count == 2
        assert log.read_after(response_id, -1) == frames(0, 1)


def test_a_server_that_was_restarted_with_its_data_goes_on(
    private_valkey: ValkeyServer, response_id: str
) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        log = TokenLog(client)
        log.append(response_id, 0, frames(0, 1))

        private_valkey.restart(keep_data=True)

        assert log.append(response_id, 0, frames(2, 2)).count == 3
        assert log.read_after(response_id, -1) == frames(0, 2)
