"""What befalls a log writer's connection in mid-answer costs no frame, and doubles none."""

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.client import PubSub

from millstream_contract.keys import live_channel, log_key
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import TokenLog
from tests.harness.refusals import REFUSALS, Refusal
from tests.harness.valkey import ValkeyServer
from tests.integration.worker.log_writing import ID, after_a_pause, logged, piece, writing


@pytest.fixture
def redis(private_valkey: ValkeyServer) -> Iterator["Redis"]:
    with redis_client(private_valkey.url(), timeout_seconds=5) as client:
        yield client


def published(channel: PubSub, frames: int) -> bytes:
    """Give the bytes of so many frames that are heard, without the times that come with some."""
    heard = b""
    while heard.count(b"\n\n") < frames:
        message = channel.get_message(timeout=5)
        assert message is not None, f"only {heard.count(b'data: ')} frames were published"
        heard += message["data"]
    lines = heard.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b": "))


def test_a_connection_that_is_cut_again_and_again_is_replaced(
    redis: "Redis", private_valkey: ValkeyServer
) -> None:
    log = TokenLog(redis)
    with (
        private_valkey.client() as admin,
        admin.pubsub() as channel,
        writing(log) as (writer, stop),
    ):
        assert writer.flush(30)
        channel.subscribe(live_channel(ID))
        assert channel.get_message(timeout=5)["type"] == "subscribe"

        for number in range(50):
            if number % 2:
                after_a_pause()
            admin.client_kill_filter(_type="normal", skipme=True)
            writer.write_one([piece(str(number))])
        assert writer.flush(30)

        assert writer.data().endswith(published(channel, 50))
        assert channel.get_message(timeout=0.2) is None
        assert admin.xinfo_stream(log_key(ID))["entries-added"] == 52
    assert stop.reason is None
    assert [frame.sequence_number for frame in logged(log)] == list(range(52))


@pytest.mark.parametrize("keep_data", [True, False])
def test_a_server_that_restarts_is_found_again(
    redis: "Redis", private_valkey: ValkeyServer, keep_data: bool
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, stop):
        for number in range(3):
            after_a_pause()
            writer.write_one([piece(f"before {number}")])
        assert writer.flush(30)

        private_valkey.restart(keep_data=keep_data)
        after_a_pause()
        writer.write_one([piece("after")])

        assert writer.flush(30)
    assert stop.reason is None
    assert [frame.sequence_number for frame in logged(log)] == list(range(6))


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_what_a_server_refuses_is_appended_when_it_takes_it(
    redis: "Redis", private_valkey: ValkeyServer, refusal: Refusal
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, stop):
        assert writer.flush(30)

        with refusal.on(private_valkey):
            after_a_pause()
            writer.write_one([piece("refused at first")])
            assert not writer.flush(0.2)

        assert writer.flush(30)
    assert stop.reason is None
    assert b"".join(frame.data for frame in logged(log)) == writer.data()


def test_a_server_that_freezes_is_waited_for(private_valkey: ValkeyServer) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=1) as redis:
        log = TokenLog(redis)
        with writing(log) as (writer, stop):
            assert writer.flush(30)

            private_valkey.pause()
            after_a_pause()
            writer.write_one([piece("answered too late")])
            assert not writer.flush(0)
            private_valkey.resume()

            assert writer.flush(30)
            writer.close()
        assert stop.reason is None
    with private_valkey.client() as client:
        frames = logged(TokenLog(client))
        assert b"".join(frame.data for frame in frames) == writer.data()
