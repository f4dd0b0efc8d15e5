"""The listener hears what the API wishes, and notices when nobody is at the other end any more."""

from collections.abc import Iterator
from contextlib import closing
from threading import Event
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
import redis

from millstream_contract.keys import LOOKS_CHANNEL, STOPS_CHANNEL
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.redis_connection import subscriber_client
from millstream_worker.answering import stopping
from millstream_worker.answering.stopping import RunningAnswers, StopReason, WishListener
from tests.harness.deadlines import eventually
from tests.harness.proxy import TcpProxy
from tests.harness.valkey import ValkeyServer

_RESPONSE = "resp_" + "0" * 32
_ANOTHER = "resp_" + "1" * 32


@pytest.fixture
def redis_url(private_valkey: ValkeyServer) -> str:
    """A server where nobody else listens: channels reach across the databases of a shared one."""
    return private_valkey.url()


@pytest.fixture
def network(redis_url: str) -> Iterator[TcpProxy]:
    port = urlsplit(redis_url).port
    assert port is not None
    with closing(TcpProxy(port)) as proxy:
        yield proxy


@pytest.fixture
def url(network: TcpProxy, redis_url: str) -> str:
    return urlsplit(redis_url)._replace(netloc=f"127.0.0.1:{network.port}").geturl()


def test_a_server_that_does_not_greet_is_given_up(network: TcpProxy, url: str) -> None:
    network.stall()

    with closing(subscriber_client(url)) as client:
        subscription = client.pubsub()  # type: ignore[no-untyped-call]
        with pytest.raises(redis.TimeoutError):
            subscription.subscribe("x")


def test_a_silent_line_is_replaced_and_stops_are_heard_again(
    network: TcpProxy, url: str, redis_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_POLL_SECONDS", 0.05)
    running = RunningAnswers()
    with open_pool(database_url, size=1) as pool, closing(subscriber_client(url)) as client:
        listener = WishListener(client, Ledger.of(pool), running)
        listener.start()
        try:
            eventually("the subscription", lambda: _heard_by(redis_url))
            network.stall()

            eventually("another line", lambda: network.connections > 1)
            network.restore()

            with running.running(_RESPONSE) as stop:
                eventually("the stop", lambda: _heard_by(redis_url) and stop.reason)
                assert stop.reason is StopReason.CANCELLED
        finally:
            listener.close()


class _FailsOnce(RunningAnswers):
    """Answers of which the first stop cannot be told."""

    has_failed = False

    def stop(self, response_id: str, reason: StopReason) -> None:
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError("something that nobody thought of")
        super().stop(response_id, reason)


def test_a_listener_outlives_what_nobody_thought_of(redis_url: str, database_url: str) -> None:
    running = _FailsOnce()
    with open_pool(database_url, size=1) as pool, closing(subscriber_client(redis_url)) as client:
        listener = WishListener(client, Ledger.of(pool), running)
        listener.start()
        try:
            with running.running(_RESPONSE) as stop:
                eventually("the stop", lambda: _heard_by(redis_url) and stop.reason)
        finally:
            listener.close()

    assert running.has_failed


def test_a_wish_for_a_look_is_told_to_the_writer_that_is_here_and_stops_nothing(
    redis_url: str, database_url: str
) -> None:
    running, looks = RunningAnswers(), Event()
    with open_pool(database_url, size=1) as pool, closing(subscriber_client(redis_url)) as client:
        listener = WishListener(client, Ledger.of(pool), running)
        listener.start()
        try:
            with running.running(_RESPONSE) as stop, running.running(_ANOTHER) as another:
                running.watch_log(_RESPONSE, stop, looks.set)
                running.watch_log(_ANOTHER, another, _never)
                eventually(
                    "the look", lambda: _heard_by(redis_url, LOOKS_CHANNEL) and looks.is_set()
                )
        finally:
            listener.close()

    assert (stop.reason, another.reason) == (None, None)


def _never() -> NoReturn:
    raise AssertionError("nobody wished for a look at this one")


def _heard_by(redis_url: str, channel: str = STOPS_CHANNEL) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return int(client.publish(channel, _RESPONSE))
