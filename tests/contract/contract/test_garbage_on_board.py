"""Impossible states of the work board in Redis: told, put in order, and real entries are found."""

import logging
from collections.abc import Callable, Sequence

import pytest
from redis import Redis

from millstream_contract.broker_keys import BrokerKeys
from millstream_contract.errors import LogUnavailable
from millstream_contract.identifiers import new_id
from millstream_contract.jobs import ANSWER_QUEUE
from millstream_contract.keys import (
    ADMISSIONS_KEY,
    ARRIVALS_KEY,
    BOARD_KINDS,
    LEASES_KEY,
    LEDGER_CHECK_KEY,
    POSITIONS_TOLD_KEY,
    PULSE_KEY,
    QUEUED_KEY,
    SERVICE_TIME_KEY,
    SLOTS_KEY,
    TURNS_KEY,
)
from millstream_contract.work_board import Capacity, Forecast, Lease, Waiting, WorkBoard
from tests.contract.contract.turns import wait_for_turn

_ENTRIES: list[bytes] = [
    b"",
    b"\xff\xfe",
    b"foo",
    b"x/y",
    b"/",
    b"/1",
    b"resp_1/-1",
    b"resp_\x00/1",
    new_id("resp").encode() + b"/x",
    new_id("resp").encode() + b"/99999999999999999999",
    new_id("conv").encode() + b"/1",
    b"garbage " * 10_000,
]
_SCORES = [float("-inf"), -1e300, 0.0, 0.5, 1e15, 1e300, float("inf")]


def silent(leases: Sequence[Lease]) -> list[float | None]:
    """Nobody has written."""
    return [None] * len(leases)


def a_round(redis: "Redis", board: WorkBoard) -> tuple[list[Lease], list[str], Forecast | None]:
    """Do what reapers, workers and the API do all the time; give what was found and forecast."""
    expired: list[Lease] = []
    overdue: list[str] = []
    forecast: list[Forecast] = []
    capacity, broker = Capacity(redis), BrokerKeys(redis)
    steps: list[Callable[[], object]] = [
        lambda: expired.extend(board.expired(silent)),
        lambda: broker.waiting_messages(ANSWER_QUEUE),
        lambda: overdue.extend(board.overdue(-0.001)),
        lambda: board.may_check_ledger(60),
        lambda: board.restore([Lease(new_id("resp"), 1)]),
        lambda: board.restore_turns([], is_all=True),
        lambda: board.tell_positions(60),
        lambda: board.put_in_line(new_id("resp")),
        lambda: capacity.announce("worker", 2, 60),
        lambda: capacity.served(2),
        lambda: forecast.append(
            capacity.admit(new_id("resp"), most_in_line=1000, longest_wait_seconds=1e6)
        ),
    ]
    for step in steps:
        try:
            step()
        except LogUnavailable:
            # A reaper does nothing then, and comes again.
            continue
    return expired, overdue, forecast[0] if forecast else None


def rounds(redis: "Redis", board: WorkBoard) -> tuple[set[Lease], set[str], Forecast]:
    """Do some rounds; the last of them must go through. Give all that was found."""
    expired: set[Lease] = set()
    overdue: set[str] = set()
    for _ in range(3):
        found, lost, _ = a_round(redis, board)
        expired |= set(found)
        overdue |= set(lost)
    *_, forecast = a_round(redis, board)
    assert forecast is not None
    return expired, overdue, forecast


def is_in_order(forecast: Forecast) -> bool:
    """One worker of two slots, whose answers take 2 s, and a line of few."""
    return forecast.service_seconds == 2 and forecast.waiting < 50


def an_expired_lease(redis: "Redis") -> Lease:
    lease = Lease(new_id("resp"), 3)
    # Long ago: should this process stand still for a while, that counts as an outage of Redis, and
    # all leases are extended by as much.
    WorkBoard(redis, lease_seconds=-3600).take(lease)
    return lease


FOREIGN: dict[str, Callable[["Redis", str], object]] = {
    "string": lambda redis, key: redis.set(key, b"\xff foreign"),
    "list": lambda redis, key: redis.rpush(key, "foreign"),
    "hash": lambda redis, key: redis.hset(key, "foreign", "value"),
    "set": lambda redis, key: redis.sadd(key, "foreign"),
    "zset": lambda redis, key: redis.zadd(key, {b"\xff foreign": 1}),
    "stream": lambda redis, key: redis.xadd(key, {"f": "foreign"}),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("key", [*BOARD_KINDS, ANSWER_QUEUE])
def test_after_a_foreign_type_under_a_key_the_next_rounds_work(
    redis: "Redis", board: WorkBoard, key: str, kind: str
) -> None:
    FOREIGN[kind](redis, key)
    for _ in range(2):
        a_round(redis, board)

    lease, lost = an_expired_lease(redis), new_id("resp")
    board.put_in_line(lost)
    expired, overdue, forecast = rounds(redis, board)

    assert lease in expired
    assert lost in overdue
    assert is_in_order(forecast)
    assert redis.type(key) in {b"none", BOARD_KINDS.get(key, "list").encode()}


@pytest.mark.parametrize("score", _SCORES)
@pytest.mark.parametrize("key", [QUEUED_KEY, LEASES_KEY, ARRIVALS_KEY, ADMISSIONS_KEY, SLOTS_KEY])
def test_garbage_in_a_sorted_set_hides_no_real_entry_and_goes(
    redis: "Redis", board: WorkBoard, key: str, score: float
) -> None:
    lease, lost = an_expired_lease(redis), new_id("resp")
    board.put_in_line(lost)
    redis.zadd(key, dict.fromkeys(_ENTRIES, score))

    expired, overdue, forecast = rounds(redis, board)

    assert lease in expired
    assert lost in overdue
    assert is_in_order(forecast)
    assert not set(redis.zrange(key, 0, -1)) & set(_ENTRIES)


def test_garbage_is_told_and_shortened(
    redis: "Redis", board: WorkBoard, caplog: pytest.LogCaptureFixture
) -> None:
    redis.zadd(QUEUED_KEY, dict.fromkeys(_ENTRIES, 1))
    redis.zadd(LEASES_KEY, dict.fromkeys(_ENTRIES, 1))

    with caplog.at_level(logging.ERROR):
        rounds(redis, board)

    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if QUEUED_KEY in line]) == len(_ENTRIES)
    assert len([line for line in lines if LEASES_KEY in line]) == len(_ENTRIES)
    assert max(map(len, lines)) < 400


def test_real_entries_behind_more_garbage_than_a_batch_are_found(
    redis: "Redis", board: WorkBoard
) -> None:
    lease, lost = an_expired_lease(redis), new_id("resp")
    board.put_in_line(lost)
    for key in (QUEUED_KEY, LEASES_KEY):
        redis.zadd(key, {f"garbage {number}": 1 for number in range(450)})

    expired, overdue, _ = rounds(redis, board)

    assert lease in expired
    assert lost in overdue


@pytest.mark.parametrize("score", [1e15, float("inf")])
def test_who_is_held_or_in_line_for_ever_is_found(
    redis: "Redis", board: WorkBoard, score: float
) -> None:
    lease, lost = Lease(new_id("resp"), 2), new_id("resp")
    redis.zadd(LEASES_KEY, {str(lease): score})
    redis.zadd(QUEUED_KEY, {lost: score})

    expired, overdue, _ = rounds(redis, board)

    assert lease in expired
    assert lost in overdue


@pytest.mark.parametrize(
    "value", ["", "garbage", "nan", "-nan", "inf", "-inf", "1e999", "-5", "1", "1e300", "\xff"]
)
@pytest.mark.parametrize("key", [SERVICE_TIME_KEY, PULSE_KEY, LEDGER_CHECK_KEY, POSITIONS_TOLD_KEY])
def test_garbage_in_a_string_is_none(
    redis: "Redis", board: WorkBoard, key: str, value: str
) -> None:
    redis.set(key, value)

    lease = an_expired_lease(redis)
    expired, _, forecast = rounds(redis, board)

    assert lease in expired
    assert forecast.waiting < 50
    assert 0 <= forecast.service_seconds <= 2
    assert 0 < redis.pttl(key) <= 86_400_000


@pytest.mark.parametrize("key", [LEDGER_CHECK_KEY, POSITIONS_TOLD_KEY])
def test_a_mark_without_an_end_does_not_stop_what_it_marks(
    redis: "Redis", board: WorkBoard, key: str
) -> None:
    redis.set(key, "1")
    redis.zadd(QUEUED_KEY, {new_id("resp"): 1})

    done = board.may_check_ledger(60) if key == LEDGER_CHECK_KEY else board.tell_positions(60)

    assert done


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"x", b"1 x conv_1", b"9" * 400 + b" 1 c", b"1 " + b"9" * 400 + b" c"]
)
def test_garbage_among_those_that_wait_for_a_turn_goes(
    redis: "Redis", board: WorkBoard, value: bytes
) -> None:
    redis.hset(TURNS_KEY, "resp_garbage", value)
    real = Waiting(new_id("resp"), 2, "conv_1")
    wait_for_turn(redis, board, real)

    board.tell_positions(60)
    board.restore_turns([real], is_all=True)

    assert redis.hkeys(TURNS_KEY) == [real.response_id.encode()]
