from contextlib import closing

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tests.harness.valkey import ValkeyServer


def connected(url: str, timeout_seconds: float = 5) -> "closing[Redis]":
    return closing(Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=timeout_seconds))


def test_logical_databases_are_apart_and_empty_again_afterwards(valkey: ValkeyServer) -> None:
    with valkey.temporary_database() as one, valkey.temporary_database() as other:
        with connected(one) as client:
            client.set("key", "value")
        with connected(other) as client:
            assert client.dbsize() == 0
    with connected(one) as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize("keep_data", [True, False])
def test_a_killed_server_comes_back_with_or_without_its_data(
    private_valkey: ValkeyServer, keep_data: bool
) -> None:
    with connected(private_valkey.url()) as client:
        client.set("key", "value")
        client.waitaof(1, 0, 5000)

    private_valkey.kill()
    with connected(private_valkey.url()) as client, pytest.raises(RedisConnectionError):
        client.ping()
    private_valkey.restart(keep_data=keep_data)

    with connected(private_valkey.url()) as client:
        assert client.exists("key") == int(keep_data)


def test_a_running_server_is_restarted(private_valkey: ValkeyServer) -> None:
    before = private_valkey.process.pid

    private_valkey.restart()

    assert private_valkey.process.pid != before
    with connected(private_valkey.url()) as client:
        assert client.ping()


def test_a_paused_server_is_silent_until_it_is_resumed(private_valkey: ValkeyServer) -> None:
    private_valkey.pause()
    with connected(private_valkey.url(), 0.1) as client, pytest.raises(RedisTimeoutError):
        client.ping()

    private_valkey.resume()

    with connected(private_valkey.url()) as client:
        assert client.ping()
