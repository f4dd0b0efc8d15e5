"""A log whose answer has ended leaves Redis soon: PostgreSQL replays its stream."""

import pytest
from redis import Redis

from millstream_contract.events import final_event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.keys import log_key, state_key
from millstream_contract.objects import ResponseObject, Status
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import TTL_SECONDS, frames

ENDED_TTL_SECONDS = 60
ENDS: list[Status] = ["completed", "failed", "incomplete", "cancelled"]


@pytest.fixture
def log(redis: "Redis") -> TokenLog:
    return TokenLog(redis, ttl_seconds=TTL_SECONDS, ended_ttl_seconds=ENDED_TTL_SECONDS)


def end(response_id: str, number: int, status: Status = "completed") -> Frame:
    final = ResponseObject(
        id=response_id, created_at=1.0, status=status, background=True, model="m"
    )
    return encode_frame(final_event(final), number)


def seconds_left(redis: "Redis", response_id: str) -> list[int]:
    return [redis.ttl(key) for key in (log_key(response_id), state_key(response_id))]


@pytest.mark.parametrize("status", ENDS)
def test_a_log_that_has_ended_is_kept_for_who_is_still_reading_and_then_let_go(
    log: TokenLog, redis: "Redis", response_id: str, status: Status
) -> None:
    log.append(response_id, 0, frames(0, 4))
    before = seconds_left(redis, response_id)

    log.append(response_id, 0, [end(response_id, 5, status)])

    assert min(before) > ENDED_TTL_SECONDS
    assert all(0 < left <= ENDED_TTL_SECONDS for left in seconds_left(redis, response_id))
    assert log.read_after(response_id, 3) == [*frames(4, 4), end(response_id, 5, status)]


def test_an_end_that_comes_with_what_was_before_it_counts(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    log.append(response_id, 0, [*frames(0, 1), end(response_id, 2, "cancelled")])

    assert all(0 < left <= ENDED_TTL_SECONDS for left in seconds_left(redis, response_id))


def test_a_log_that_was_sent_again_up_to_its_end_is_let_go_as_soon(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    whole = [*frames(0, 4), end(response_id, 5)]
    log.append(response_id, 0, whole)
    redis.flushall()
    log.take_over(response_id, 0)

    log.append(response_id, 0, whole[:3])
    on_the_way = seconds_left(redis, response_id)
    log.append(response_id, 0, whole[3:])

    assert min(on_the_way) > ENDED_TTL_SECONDS
    assert all(0 < left <= ENDED_TTL_SECONDS for left in seconds_left(redis, response_id))


def test_so_it_is_over_a_connection_of_its_own(
    log: TokenLog, redis: "Redis", response_id: str
) -> None:
    with log.on_one_connection() as own:
        own.append(response_id, 0, frames(0, 1))
        running = seconds_left(redis, response_id)
        own.append(response_id, 0, [end(response_id, 2)])

    assert min(running) > ENDED_TTL_SECONDS
    assert all(0 < left <= ENDED_TTL_SECONDS for left in seconds_left(redis, response_id))
