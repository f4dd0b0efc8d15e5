"""Waiting for a turn, as the API notes it: in a pipeline."""

from redis import Redis

from millstream_contract.work_board import Waiting, WorkBoard


def wait_for_turn(redis: "Redis", board: WorkBoard, waiting: Waiting) -> None:
    """Note that a response waits."""
    with redis.pipeline(transaction=False) as calls:
        board.wait_for_turn_in(calls, waiting)
        calls.execute()
