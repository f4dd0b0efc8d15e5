import gc
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from redis import ConnectionError as Refused
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.harness.deadlines import scaled
from tests.harness.proxy import TcpProxy
from tests.harness.valkey import ValkeyServer

_PATIENCE = scaled(30)
_PING, _PONG = b"PING\r\n", b"+PONG\r\n"
_ENDS = 20
_CLIENTS = 50


@pytest.fixture
def proxy(valkey: ValkeyServer) -> Iterator[TcpProxy]:
    with TcpProxy(valkey.port) as proxy:
        yield proxy


@pytest.fixture
def redis(proxy: TcpProxy) -> Iterator[Redis]:
    with Redis(port=proxy.port, socket_timeout=_PATIENCE, retry=Retry(NoBackoff(), 0)) as client:
        yield client


def _connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=_PATIENCE)


def test_an_open_proxy_forwards_both_ways(redis: Redis) -> None:
    assert redis.echo("x" * 200_000) == b"x" * 200_000


def test_a_cut_resets_and_refuses_until_it_is_restored(redis: Redis, proxy: TcpProxy) -> None:
    redis.ping()

    proxy.cut()
    for _ in range(2):
        with pytest.raises(Refused):
            redis.ping()

    proxy.restore()
    assert redis.ping()


def test_a_stall_forwards_nothing_until_it_is_restored(proxy: TcpProxy) -> None:
    # Given a connection that was used
    with _connected(proxy) as early:
        early.sendall(_PING)
        assert early.recv(64) == _PONG

        # When the proxy stalls
        proxy.stall()

        # Then neither it nor one that is made now is answered
        with _connected(proxy) as late:
            for client in (early, late):
                client.sendall(_PING)
                client.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    client.recv(64)

            # And what they sent arrives afterwards
            proxy.restore()
            for client in (early, late):
                client.settimeout(_PATIENCE)
                assert client.recv(64) == _PONG


def test_a_server_far_away_answers_late(valkey: ValkeyServer) -> None:
    with TcpProxy(valkey.port, reply_seconds=0.05) as far, Redis(port=far.port) as redis:
        redis.ping()
        begun = time.monotonic()

        redis.ping()

        assert time.monotonic() - begun >= 0.05


def test_a_proxy_to_nobody_resets(proxy: TcpProxy) -> None:
    with TcpProxy(target_port=1) as nobody, Redis(port=nobody.port) as redis:
        with pytest.raises(Refused):
            redis.ping()


def test_a_proxy_that_ends_while_clients_connect_leaves_no_connection_behind(
    recwarn: pytest.WarningsRecorder,
) -> None:
    # What earlier tests have left is none of this one's.
    gc.collect()
    recwarn.clear()

    for _ in range(_ENDS):
        with ExitStack() as ends:
            server = ends.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_CLIENTS))
            proxy = TcpProxy(server.getsockname()[1])
            for _ in range(_CLIENTS):
                client = ends.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", proxy.port))
            proxy.close()

    # An unclosed transport is told of when it is collected.
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
