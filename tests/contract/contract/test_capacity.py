"""What the workers can do, and who is let in, on a real Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from millstream_contract.errors import LogUnavailable
from millstream_contract.keys import ADMISSIONS_KEY, SLOTS_KEY
from millstream_contract.work_board import Capacity, Forecast, Lease, Waiting, WorkBoard
from tests.contract.contract.turns import wait_for_turn
from tests.harness.deadlines import eventually


def admit(
    redis: "Redis", token: str, *, most_in_line: int = 100, longest_wait_seconds: float = 60
) -> Forecast:
    return Capacity(redis).admit(
        token, most_in_line=most_in_line, longest_wait_seconds=longest_wait_seconds
    )


def line_up(redis: "Redis", responses: int, running: int = 0) -> None:
    board = WorkBoard(redis, lease_seconds=60)
    for number in range(responses):
        board.put_in_line(f"resp_{number}")
    for number in range(running):
        board.take(Lease(f"resp_r{number}", 1))


def milliseconds(redis: "Redis") -> float:
    """The server's own clock."""
    seconds, microseconds = redis.time()
    return seconds * 1000 + microseconds / 1000


def test_the_wait_follows_from_the_line_the_slots_and_the_measured_time(redis: "Redis") -> None:
    capacity = Capacity(redis)
    capacity.announce("a", 3, 60)
    capacity.announce("b", 1, 60)
    capacity.served(8)
    line_up(redis, 10, running=4)

    forecast = admit(redis, "one")

    # Ten wait behind four that are answered, 8 s each, four at a time.
    assert forecast == Forecast(
        True, waiting=10, wait_seconds=20.0, service_seconds=8.0, pace_seconds=2.0
    )


def test_free_slots_are_no_wait(redis: "Redis") -> None:
    Capacity(redis).announce("a", 12, 60)
    Capacity(redis).served(30)
    line_up(redis, 3, running=8)

    assert admit(redis, "one").wait_seconds == 0


def test_who_would_wait_too_long_is_not_let_in_and_not_noted(redis: "Redis") -> None:
    Capacity(redis).announce("a", 1, 60)
    Capacity(redis).served(30)
    line_up(redis, 3, running=1)

    assert admit(redis, "one", longest_wait_seconds=90).is_admitted
    refused = admit(redis, "two", longest_wait_seconds=90)

    assert not refused.is_admitted
    assert refused.wait_seconds == 120
    assert redis.zrange(ADMISSIONS_KEY, 0, -1) == [b"one"]


def test_who_waits_for_a_turn_takes_a_place_and_makes_nobody_else_wait_longer(
    redis: "Redis",
) -> None:
    Capacity(redis).announce("a", 4, 60)
    Capacity(redis).served(8)
    line_up(redis, 0, running=2)
    board = WorkBoard(redis, lease_seconds=60)
    for turn in range(30):
        wait_for_turn(redis, board, Waiting(f"resp_t{turn}", turn, "conv_1"))

    forecast = admit(redis, "one", most_in_line=31)
    refused = admit(redis, "two", most_in_line=31)

    assert forecast == Forecast(
        True, waiting=30, wait_seconds=0.0, service_seconds=8.0, pace_seconds=4.0
    )
    assert (refused.is_admitted, refused.waiting) == (False, 31)


def test_a_conversation_is_a_line_of_its_own_that_is_answered_one_by_one() -> None:
    free = Forecast(True, waiting=0, wait_seconds=0, service_seconds=10, pace_seconds=10)
    busy = Forecast(True, waiting=9, wait_seconds=50, service_seconds=10, pace_seconds=5)
    unknown = Forecast(True, waiting=9, wait_seconds=0, service_seconds=0, pace_seconds=0)

    # One is being answered, and twelve turns of 10 s are 120 s.
    assert free.most_ahead(longest_wait_seconds=120) == 13
    # Each turn waits 50 s in line, and so does the question itself.
    assert busy.most_ahead(longest_wait_seconds=120) == 2
    assert unknown.most_ahead(longest_wait_seconds=120) is None


def test_what_nobody_announces_any_more_counts_no_more(redis: "Redis") -> None:
    capacity = Capacity(redis)
    capacity.served(10)
    capacity.announce("leaves", 4, 60)
    capacity.announce("dies", 4, 0.001)
    capacity.withdraw("leaves", 4)
    line_up(redis, 50)
    announced_until = redis.zscore(SLOTS_KEY, "dies/4")
    assert announced_until is not None
    eventually("Redis' clock to pass that", lambda: milliseconds(redis) > announced_until)

    # Nobody can tell how long it takes: only the length of the line counts.
    forecast = admit(redis, "one")
    assert (forecast.is_admitted, forecast.wait_seconds) == (True, 0)
    assert not admit(redis, "two", most_in_line=50).is_admitted


def test_of_many_at_once_no_more_are_let_in_than_there_are_places(redis: "Redis") -> None:
    line_up(redis, 5)

    with ThreadPoolExecutor(20) as threads:
        forecasts = threads.map(lambda n: admit(redis, f"t{n}", most_in_line=12), range(60))

    assert [one.is_admitted for one in forecasts].count(True) == 7


def test_a_place_is_given_up_when_the_question_is_in_line_or_did_not_come(
    redis: "Redis",
) -> None:
    assert admit(redis, "one", most_in_line=1).is_admitted
    assert not admit(redis, "two", most_in_line=1).is_admitted

    Capacity(redis).arrived("one")

    assert admit(redis, "two", most_in_line=1).is_admitted


def test_the_measured_time_follows_what_is_measured(redis: "Redis") -> None:
    capacity = Capacity(redis)
    for seconds in [10.0] * 3 + [1.0] * 60:
        capacity.served(seconds)

    assert admit(redis, "one").service_seconds == pytest.approx(1.0, abs=0.05)


def test_without_redis_it_is_said_so() -> None:
    with Redis(port=1) as away, pytest.raises(LogUnavailable):
        admit(away, "one")
