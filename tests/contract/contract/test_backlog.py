"""What waits and runs is told also by a server that does not tell everything."""

from collections.abc import Iterator

import pytest
from redis import Redis

from millstream_contract.backlog import redis_backlog
from millstream_contract.work_board import Lease, WorkBoard


@pytest.fixture
def board(redis: "Redis") -> WorkBoard:
    """One response in line, and one that a worker holds."""
    board = WorkBoard(redis, lease_seconds=60)
    board.put_in_line("resp_waits")
    board.take(Lease("resp_runs", 1))
    return board


@pytest.fixture
def tight_lipped(redis: "Redis") -> Iterator["Redis"]:
    """The same server for somebody whom it tells nothing of itself, as some managed ones do."""
    redis.acl_setuser(
        "guest", enabled=True, nopass=True, keys=["*"], channels=["*"],
        categories=["+@all"], commands=["-info", "-memory", "-config"],
    )  # fmt: skip
    where = {key: redis.connection_pool.connection_kwargs[key] for key in ("host", "port", "db")}
    with Redis(**where, username="guest", password="any") as guest:
        yield guest
    redis.acl_deluser("guest")


def test_a_server_that_keeps_its_memory_to_itself_still_tells_what_waits_and_runs(
    board: WorkBoard, tight_lipped: "Redis"
) -> None:
    found = redis_backlog(tight_lipped)

    assert (found.queued, found.running) == (1, 1)
    assert (found.memory_bytes, found.memory_limit_bytes, found.log_bytes) == (None, 0, None)


def test_one_that_tells_of_its_memory_is_believed(board: WorkBoard, redis: "Redis") -> None:
    found = redis_backlog(redis)

    assert (found.queued, found.running) == (1, 1)
    assert found.memory_bytes is not None
    assert found.memory_bytes > 0
