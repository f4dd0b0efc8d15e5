"""A token log in which somebody else wrote: no read blocks Redis, and no garbage is a frame."""

import logging

import pytest
from redis import Redis

from millstream_contract.errors import Fenced
from millstream_contract.identifiers import new_id
from millstream_contract.keys import live_channel, log_key, state_key
from millstream_contract.token_log import READ_BATCH, TokenLog
from tests.contract.contract.token_log.entries import frame, frames, listening

LARGEST = 2**64 - 1
GARBAGE = {
    "text": b"garbage",
    "nothing": b"",
    "bytes": b"\xff\xfe\n\n",
    "another number": frame(3, "x").data,
    "no end": frame(6, "x").data[:-1],
    "no data": b"id: 6\n\n",
    "a final one of another number": b'id: 5\ndata: {"type":"response.completed"}\n\n',
}


@pytest.fixture
def response_id(log: TokenLog) -> str:
    """A response whose first attempt has written the frames 0 to 5."""
    response_id = new_id("resp")
    log.append(response_id, 0, frames(0, 1))
    log.take_over(response_id, 1)
    log.append(response_id, 1, frames(2, 5))
    return response_id


def put(redis: "Redis", response_id: str, entry: str, data: bytes = b"garbage") -> None:
    redis.xadd(log_key(response_id), {"f": data}, id=entry)


def send_again(log: TokenLog, response_id: str, last: int) -> None:
    """Do what a writer does that is told of a gap."""
    held = log.take_over(response_id, 1)
    log.append(response_id, 1, frames(held.count, last))


@pytest.mark.parametrize("entry", ["*", "1-7", "999-7", f"{LARGEST}-0", f"{LARGEST}-{LARGEST}"])
def test_a_stray_entry_holds_up_nobody_and_is_no_frame(
    log: TokenLog, redis: "Redis", response_id: str, entry: str
) -> None:
    put(redis, response_id, entry)

    for cursor in range(-1, 8):
        assert log.read_after(response_id, cursor) == frames(cursor + 1, 5)
    assert list(log.read_all(response_id)) == frames(0, 5)


def test_thousands_of_stray_entries_hold_up_nobody(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with redis.pipeline(transaction=False) as calls:
        for number in range(2, 20_000):
            calls.xadd(log_key(response_id), {"f": "x"}, id=f"{number}-0")
        calls.execute()
    redis.config_resetstat()

    assert log.read_after(response_id, -1) == frames(0, 5)
    assert log.read_after(response_id, 5) == []

    calls_made = redis.info("commandstats")["cmdstat_xrange"]["calls"]
    assert calls_made < 10_000


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_an_entry_that_is_not_the_frame_of_its_id_is_left_out_and_logged_with_the_response(
    log: TokenLog,
    redis: "Redis",
    response_id: str,
    data: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(redis, response_id, "1-7", data)

    with caplog.at_level(logging.ERROR):
        assert log.read_after(response_id, 4) == frames(5, 5)

    assert f"{response_id}: no frames in its log in Redis: ['1-7']" in caplog.text


@pytest.mark.parametrize("entry", ["*", "1-7", "1-500", "999-7", f"{LARGEST}-{LARGEST}"])
def test_an_entry_in_the_place_of_a_frame_costs_no_frame(
    log: TokenLog,
    redis: "Redis",
    response_id: str,
    entry: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(redis, response_id, entry)

    with caplog.at_level(logging.ERROR):
        reply = log.append(response_id, 1, frames(6, 8))
    assert (reply.gap, reply.count) == (True, 0)
    assert f"{response_id}: its log in Redis is garbage; deleted" in caplog.text

    send_again(log, response_id, 8)
    assert list(log.read_all(response_id)) == frames(0, 8)


def test_a_foreign_type_costs_no_frame(log: TokenLog, redis: "Redis", response_id: str) -> None:
    for key in (log_key(response_id), state_key(response_id)):
        redis.delete(key)
        redis.set(key, "foreign")

        assert log.append(response_id, 1, frames(6, 8)).gap

        send_again(log, response_id, 8)
        assert list(log.read_all(response_id)) == frames(0, 8)


@pytest.mark.parametrize("garbage", [("state", "999"), ("log", "*"), ("log", f"{LARGEST}-1")])
def test_who_holds_the_response_begins_its_log_anew_behind_any_fence(
    log: TokenLog, redis: "Redis", response_id: str, garbage: tuple[str, str]
) -> None:
    where, value = garbage
    if where == "state":
        redis.hset(state_key(response_id), "attempt", value)
    else:
        put(redis, response_id, value)
    with pytest.raises(Fenced):
        log.take_over(response_id, 2)

    held = log.take_over(response_id, 2, least_count=2000, anew=True)

    assert held.count == 2000
    log.append(response_id, 2, frames(2000, 2003))
    assert list(log.read_all(response_id)) == frames(2000, 2003)
    with pytest.raises(Fenced):
        log.append(response_id, 1, frames(6, 6))


def test_a_log_begun_anew_keeps_the_stop_that_was_asked_for(
    log: TokenLog, response_id: str
) -> None:
    log.request_stop(response_id)

    assert log.take_over(response_id, 1, anew=True).stop


def test_a_last_entry_far_away_is_a_count_that_can_be_told(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    put(redis, response_id, f"1-{LARGEST}")

    assert log.take_over(response_id, 1).count == 2**53


@pytest.mark.parametrize("count", ["foreign", "-7", "", "1e300", "nan", "9" * 5000])
def test_a_count_that_is_none_counts_as_lost(
    log: TokenLog, redis: "Redis", response_id: str, count: str
) -> None:
    redis.hset(state_key(response_id), "count", count)

    assert log.count(response_id) == 0


def test_a_full_batch_of_garbage_ends_a_read(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with redis.pipeline(transaction=False) as calls:
        for ordinal in range(7, 7 + 2 * READ_BATCH):
            calls.xadd(log_key(response_id), {"f": "x"}, id=f"1-{ordinal}")
        calls.execute()

    assert list(log.read_all(response_id)) == frames(0, 5)


def test_garbage_reaches_nobody_who_listens(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with listening(redis, live_channel(response_id)) as next_message:
        put(redis, response_id, "1-7")
        log.append(response_id, 1, frames(6, 6))
        send_again(log, response_id, 6)

        assert next_message() == b"".join(one.data for one in frames(0, 6))


def test_a_foreign_type_in_place_of_the_state_counts_as_lost(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    redis.delete(state_key(response_id))
    redis.set(state_key(response_id), "foreign")

    assert log.count(response_id) == 0
