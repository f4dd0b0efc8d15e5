"""The log writer before a real Valkey: order, collecting, healing, fences, and giving up."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis import Redis

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.keys import log_key, state_key
from millstream_contract.redis_connection import client_of_one_connection
from millstream_contract.token_log import Appended, TokenLog
from millstream_worker.answering.stopping import StopReason
from tests.harness.deadlines import eventually
from tests.harness.valkey import ValkeyServer
from tests.integration.worker.log_writing import (
    ID,
    OPENING,
    after_a_pause,
    logged,
    opened,
    piece,
    writing,
)


@pytest.fixture
def redis(private_valkey: ValkeyServer) -> Iterator["Redis"]:
    with Redis.from_url(private_valkey.url(), socket_timeout=20) as client:
        yield client


@dataclass
class Appends:
    """Which threads appended, and how many at once."""

    threads: list[threading.Thread] = field(default_factory=list)
    most_at_once: int = 0
    now: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        self.threads.append(threading.current_thread())
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        try:
            yield
        finally:
            self.now -= 1


class WatchedLog(TokenLog):
    """Notes its appends, also those over a connection that is held."""

    def __init__(self, redis: "Redis", appends: Appends) -> None:
        super().__init__(redis)
        self._client = redis
        self._appends = appends

    def append(self, *arguments: Any, **options: Any) -> Appended:
        with self._appends.one():
            return super().append(*arguments, **options)

    @contextmanager
    def on_one_connection(self) -> Iterator[TokenLog]:
        with closing(client_of_one_connection(self._client)) as client:
            yield WatchedLog(client, self._appends)


def test_frames_arrive_in_order_behind_those_that_were_missing(redis: "Redis") -> None:
    log = TokenLog(redis)

    with writing(log) as (writer, _):
        for number in range(500):
            writer.write([piece(str(number))])
        assert writer.flush(30)

    frames = logged(log)
    assert frames[:2] == OPENING
    assert [frame.sequence_number for frame in frames] == list(range(502))
    assert b"".join(frame.data for frame in frames) == writer.data()


def test_what_arrives_while_redis_is_slow_goes_out_in_one_append(
    redis: "Redis", private_valkey: ValkeyServer
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _), redis.pubsub() as channel:  # type: ignore[no-untyped-call]
        assert writer.flush(30)
        channel.subscribe(f"millstream:{{{ID}}}:live")
        assert channel.get_message(timeout=5)["type"] == "subscribe"

        private_valkey.pause()
        for number in range(100):
            writer.write([piece(str(number))])
        private_valkey.resume()

        assert writer.flush(30)
        batches: list[int] = []
        while sum(batches) < 100:
            batches.append(channel.get_message(timeout=20)["data"].count(b"\n\n"))
        assert channel.get_message(timeout=0.2) is None
    assert sum(batches) == 100
    assert len(batches) <= 3


def test_a_token_after_a_pause_is_appended_by_the_thread_that_brings_it(redis: "Redis") -> None:
    appends = Appends()
    log = WatchedLog(redis, appends)
    with writing(log, logged=opened(log)) as (writer, _):
        for number in range(3):
            appends.threads.clear()
            after_a_pause()
            writer.write_one([piece(str(number))])

            # It needed no waiting.
            assert appends.threads == [threading.current_thread()]
            assert writer.flush(0)

    assert [frame.sequence_number for frame in logged(log)] == list(range(5))


def test_a_token_that_brings_no_event_appends_nothing(redis: "Redis") -> None:
    appends = Appends()
    log = WatchedLog(redis, appends)
    with writing(log) as (writer, _):
        assert writer.flush(30)
        appends.threads.clear()
        after_a_pause()

        writer.write_one([])

    assert appends.threads == []


def test_tokens_that_follow_at_once_are_collected_and_none_is_appended_twice(
    redis: "Redis",
) -> None:
    appends = Appends()
    log = WatchedLog(redis, appends)
    with writing(log, logged=opened(log)) as (writer, _):
        appends.threads.clear()
        after_a_pause()

        for number in range(300):
            writer.write_one([piece(str(number))])
        assert writer.flush(30)

    assert [frame.sequence_number for frame in logged(log)] == list(range(302))
    assert appends.most_at_once == 1
    assert appends.threads[0] is threading.current_thread()
    assert set(appends.threads[1:]) - {threading.current_thread()}, "nothing was left to the writer"
    assert len(appends.threads) < 300


def test_a_token_that_redis_does_not_take_is_left_to_the_writer(
    redis: "Redis", private_valkey: ValkeyServer
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        assert writer.flush(30)
        after_a_pause()

        private_valkey.kill()
        # The model goes on: only the log waits.
        for number in range(3):
            writer.write_one([piece(str(number))])
        assert not writer.flush(0)
        private_valkey.restart()

        assert writer.flush(30)
    assert [frame.sequence_number for frame in logged(log)] == list(range(5))


def test_a_log_that_was_flushed_is_written_again_whole(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        writer.write([piece("before")])
        assert writer.flush(30)

        redis.flushall()
        writer.write([piece("after")])

        assert writer.flush(30)
    assert b"".join(frame.data for frame in logged(log)) == writer.data()


def test_a_flushed_log_of_an_overtaken_attempt_stays_empty(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log, held=False) as (writer, stop):
        assert writer.flush(30)

        redis.flushall()
        writer.write([piece("late")])

        assert not writer.flush(30)
    assert stop.reason is StopReason.FENCED
    assert logged(log) == []


def is_not_held() -> bool:
    return False


def is_away() -> bool:
    raise LedgerUnavailable("away")


@pytest.mark.parametrize("still_held", [is_not_held, is_away])
def test_a_fence_stops_the_answer_and_nothing_more_is_written_whatever_the_ledger_says(
    redis: "Redis", still_held: Callable[[], bool]
) -> None:
    log = TokenLog(redis)
    with writing(log, still_held=still_held) as (writer, stop):
        assert writer.flush(30)

        log.take_over(ID, 2)
        writer.write([piece("late")])

        assert not writer.flush(30)
    assert stop.reason is StopReason.FENCED
    assert logged(log) == OPENING


def test_a_stop_that_was_asked_for_comes_back_with_an_append(redis: "Redis") -> None:
    log = TokenLog(redis)
    log.request_stop(ID)

    with writing(log) as (writer, stop):
        assert writer.flush(30)

    assert stop.reason is StopReason.CANCELLED


def test_frames_wait_for_a_redis_that_restarts_without_its_data(
    redis: "Redis", private_valkey: ValkeyServer
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, stop):
        assert writer.flush(30)
        private_valkey.kill()
        writer.write([piece("meanwhile")])
        assert not writer.flush(0.2)

        private_valkey.restart(keep_data=False)

        assert writer.flush(30)
    assert stop.reason is None
    assert len(logged(log)) == 3


def test_a_log_that_stays_away_is_given_up_and_the_answer_goes_on(
    redis: "Redis", private_valkey: ValkeyServer
) -> None:
    log = TokenLog(redis)
    with writing(log, patience_seconds=0.2) as (writer, stop):
        assert writer.flush(30)
        private_valkey.kill()

        writer.write([piece("lost")])
        writer.close()
        writer.write([piece("kept")])

    assert stop.reason is None
    assert writer.data().count(b"\n\n") == 4


def test_a_foreign_value_under_the_logs_key_is_replaced_by_the_whole_log(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        assert writer.flush(30)
        redis.set(log_key(ID), "garbage")

        writer.write([piece("x")])

        assert writer.flush(30)
        assert b"".join(frame.data for frame in logged(log)) == writer.data()


def test_a_log_that_redis_lost_while_nothing_is_written_is_sent_again_when_told(
    redis: "Redis",
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        writer.write([piece("x")])
        assert writer.flush(30)
        redis.flushall()

        writer.check()

        eventually("the log to be whole", lambda: len(logged(log)) == 3)
        assert b"".join(frame.data for frame in logged(log)) == writer.data()


def test_closing_waits_for_what_is_still_to_be_written(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        writer.write([piece("last")] * 600)
        writer.close()

    eventually("all frames", lambda: len(logged(log)) == 602)


@pytest.mark.parametrize("field", ["attempt", "count"])
def test_a_state_that_nobody_of_us_wrote_costs_no_frame(redis: "Redis", field: str) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, stop):
        writer.write([piece("before")])
        assert writer.flush(30)

        redis.hset(state_key(ID), field, "999")
        writer.write([piece("after")])

        assert writer.flush(30)
    assert stop.reason is None
    assert b"".join(frame.data for frame in logged(log)) == writer.data()


@pytest.mark.parametrize("entry", ["*", "1-4", "1-400", "999-1"])
def test_an_entry_that_nobody_of_us_wrote_costs_no_frame(redis: "Redis", entry: str) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, stop):
        writer.write([piece("before")])
        assert writer.flush(30)

        redis.xadd(log_key(ID), {"f": "garbage"}, id=entry)
        writer.write([piece("after")])

        assert writer.flush(30)
    assert stop.reason is None
    assert b"".join(frame.data for frame in logged(log)) == writer.data()


@pytest.mark.parametrize("entry", ["*", "1-4", "999-1"])
def test_an_entry_that_nobody_of_us_wrote_is_found_when_the_log_is_looked_at(
    redis: "Redis", entry: str
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        writer.write([piece("before")])
        assert writer.flush(30)
        redis.xadd(log_key(ID), {"f": "garbage"}, id=entry)

        writer.check()

        eventually("the log to be whole, and all of it", lambda: redis.xlen(log_key(ID)) == 3)
        assert b"".join(frame.data for frame in logged(log)) == writer.data()


def test_a_log_with_a_hole_is_whole_again_when_it_is_looked_at(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        writer.write([piece("before")])
        assert writer.flush(30)
        redis.xdel(log_key(ID), "1-2")

        writer.check()

        eventually("the log to be whole", lambda: len(logged(log)) == 3)
        assert b"".join(frame.data for frame in logged(log)) == writer.data()


def test_a_log_with_a_hole_is_whole_again_with_the_next_frame_when_a_reader_asks(
    redis: "Redis",
) -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, stop):
        writer.write([piece("before")])
        assert writer.flush(30)
        redis.xdel(log_key(ID), "1-2")
        log.request_look(ID)

        writer.write([piece("after")])

        assert writer.flush(30)
        assert b"".join(frame.data for frame in logged(log)) == writer.data()
    assert stop.reason is None


def test_a_look_at_a_whole_log_sends_nothing_again(redis: "Redis") -> None:
    log = TokenLog(redis)
    with writing(log) as (writer, _):
        writer.write([piece("before")])
        assert writer.flush(30)
        before = redis.xinfo_stream(log_key(ID))["entries-added"]
        log.request_look(ID)

        writer.write([piece("after")])

        assert writer.flush(30)
        assert redis.xinfo_stream(log_key(ID))["entries-added"] == before + 1
        assert b"".join(frame.data for frame in logged(log)) == writer.data()
