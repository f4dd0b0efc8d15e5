"""A work board in a real Valkey, empty at the beginning of each test."""

from collections.abc import Iterator

import pytest
from redis import Redis

from millstream_contract.identifiers import new_id
from millstream_contract.work_board import Lease, WorkBoard


@pytest.fixture
def redis(redis_url: str) -> Iterator["Redis"]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def board(redis: "Redis") -> WorkBoard:
    return WorkBoard(redis, lease_seconds=60)


@pytest.fixture
def lease() -> Lease:
    return Lease(new_id("resp"), 1)
