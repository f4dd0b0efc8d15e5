"""Who waits, on a real Valkey: for a worker or for a turn, and the positions that they are told."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis
from redis.client import PubSub

from millstream_contract.identifiers import new_id
from millstream_contract.keys import (
    POSITIONS_TOLD_KEY,
    QUEUED_KEY,
    TURNS_KEY,
    live_channel,
    response_of_channel,
)
from millstream_contract.work_board import Lease, Waiting, WorkBoard
from tests.contract.contract.turns import wait_for_turn


@contextmanager
def hearing(redis: "Redis", response_ids: Sequence[str]) -> Iterator[PubSub]:
    """Hear what the viewers of these responses are told."""
    with redis.pubsub() as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(*map(live_channel, response_ids))
        for _ in response_ids:
            assert heard.get_message(timeout=5)["type"] == "subscribe"
        yield heard


def told_on(heard: PubSub, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return so many events, each with its response."""
    messages = [heard.get_message(timeout=5) for _ in range(count)]
    return [
        (response_of_channel(message["channel"].decode()), json.loads(message["data"][6:]))
        for message in messages
    ]


@pytest.fixture
def waiting(lease: Lease) -> Waiting:
    return Waiting(lease.response_id, 7, "conv_1")


def test_those_in_line_are_told_their_positions_in_the_order_of_their_coming(
    redis: "Redis", board: WorkBoard
) -> None:
    first, second, third = ids = [new_id("resp") for _ in range(3)]
    now, _ = redis.time()
    redis.zadd(QUEUED_KEY, {one: (now - 30) * 1000 + n for n, one in enumerate(ids)})
    # One who has only just come, however long it takes until all is told.
    redis.zadd(QUEUED_KEY, {new_id("resp"): (now + 30) * 1000})
    with hearing(redis, ids) as heard:
        assert board.tell_positions(60) == 3
        # The first one's message is sent again: it keeps its place all the same.
        redis.zadd(QUEUED_KEY, {first: now * 1000})
        redis.delete(POSITIONS_TOLD_KEY)
        board.release(Lease(second, 0))
        assert board.tell_positions(60) == 2
        assert board.tell_positions(60) == 0

        told = told_on(heard, 5)

    positions = [(response_id, event["position"]) for response_id, event in told]
    assert positions == [(first, 1), (second, 2), (third, 3), (first, 1), (third, 2)]


def test_who_waits_for_a_turn_does_so_until_it_is_in_line_taken_or_gone(
    redis: "Redis", board: WorkBoard, lease: Lease, waiting: Waiting
) -> None:
    comes: list[Callable[[], object]] = [
        lambda: board.put_in_line(lease.response_id),
        lambda: board.take(lease),
        lambda: board.release(Lease(lease.response_id, 0)),
        lambda: board.restore([Lease(lease.response_id, 0)]),
    ]
    for come in comes:
        redis.flushdb()
        wait_for_turn(redis, board, waiting)
        assert redis.hlen(TURNS_KEY) == 1
        assert redis.ttl(TURNS_KEY) > 0

        come()

        assert redis.hlen(TURNS_KEY) == 0


def test_whose_turn_came_before_it_was_noted_does_not_wait(
    redis: "Redis", board: WorkBoard, lease: Lease, waiting: Waiting
) -> None:
    board.put_in_line(lease.response_id)
    wait_for_turn(redis, board, waiting)
    board.take(lease)
    wait_for_turn(redis, board, waiting)
    board.restore_turns([waiting], is_all=True)

    assert redis.hlen(TURNS_KEY) == 0


def test_who_waits_for_a_turn_is_put_back_and_who_does_not_is_taken_out(
    redis: "Redis", board: WorkBoard, waiting: Waiting
) -> None:
    lost, gone, new = waiting, new_id("resp"), Waiting(new_id("resp"), 9, "conv_1")
    long_ago = 1
    redis.hset(TURNS_KEY, gone, f"8 {long_ago} conv_1")
    wait_for_turn(redis, board, new)

    # A list that is not whole says nothing of those who are not on it.
    board.restore_turns([lost], is_all=False)
    assert redis.hlen(TURNS_KEY) == 3
    board.restore_turns([lost], is_all=True)

    assert set(redis.hkeys(TURNS_KEY)) == {lost.response_id.encode(), new.response_id.encode()}


def test_who_waits_for_a_turn_is_told_its_position_in_its_conversation(
    redis: "Redis", board: WorkBoard
) -> None:
    ids = [new_id("resp") for _ in range(3)]
    places = [Waiting(ids[0], 12, "a"), Waiting(ids[1], 9, "a"), Waiting(ids[2], 10, "b")]
    for one in places:
        wait_for_turn(redis, board, one)
    with hearing(redis, ids) as heard:
        assert board.tell_positions(60) == 3
        told = dict(told_on(heard, 3))

    assert {event["line"] for event in told.values()} == {"conversation"}
    assert [told[one]["position"] for one in ids] == [2, 1, 1]
