"""What waits, what runs, and how long: figures of the whole system, for metrics."""

from dataclasses import dataclass
from typing import Final

from redis import Redis, RedisError

from millstream_contract.errors import LogUnavailable
from millstream_contract.keys import LEASES_KEY, QUEUED_KEY, log_key
from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.turns import IS_ITS_TURN
from millstream_contract.work_board import Lease

_LOGS_WEIGHED: Final = 8


@dataclass(frozen=True, slots=True)
class RedisBacklog:
    """What Redis knows.

    log_bytes: mean memory of the token logs that were weighed; None when none is being written.
    memory_limit_bytes: 0 for none.
    """

    queued: int
    running: int
    memory_bytes: int
    memory_limit_bytes: int
    log_bytes: float | None


@dataclass(frozen=True, slots=True)
class LedgerBacklog:
    """What the ledger knows; 0 where nothing waits, or nothing runs.

    The work board cannot say how long: a response whose message is sent again counts as put in line
    just then.
    """

    oldest_queued_seconds: float
    oldest_running_seconds: float


def redis_backlog(redis: Redis) -> RedisBacklog:
    """Look at the work board and at Redis' memory. Raises LogUnavailable."""
    try:
        with redis.pipeline(transaction=False) as calls:
            calls.zcard(QUEUED_KEY)
            calls.zcard(LEASES_KEY)
            calls.info("memory")
            calls.zrandmember(LEASES_KEY, _LOGS_WEIGHED)
            queued, running, memory, leases = calls.execute()
        log_bytes = _mean_log_bytes(redis, [Lease.of(lease) for lease in leases])
    except RedisError as error:
        raise LogUnavailable(str(error)) from error
    limit = int(memory.get("maxmemory", 0))
    return RedisBacklog(queued, running, int(memory["used_memory"]), limit, log_bytes)


def ledger_backlog(pool: Pool, *, wait_seconds: float) -> LedgerBacklog:
    """Look at what is not final. Raises LedgerUnavailable."""
    with ledger_connection(pool, wait_seconds) as connection:
        row = connection.execute(
            "SELECT clock_timestamp() - min(created_at)"
            f" FILTER (WHERE status = 'queued' AND {IS_ITS_TURN}) AS queued,"
            " clock_timestamp() - min(started_at) FILTER (WHERE status = 'in_progress') AS running"
            " FROM responses r WHERE status IN ('queued', 'in_progress')"
        ).fetchone()
    ages = [row[name].total_seconds() if row and row[name] else 0.0 for name in _AGES]
    return LedgerBacklog(*ages)


_AGES: Final = ("queued", "running")


def _mean_log_bytes(redis: Redis, leases: list[Lease]) -> float | None:
    with redis.pipeline(transaction=False) as calls:
        for lease in leases:
            calls.memory_usage(log_key(lease.response_id))
        # A server that does not allow the question is one whose logs nobody weighs.
        replies = calls.execute(raise_on_error=False)
    weighed = [size for size in replies if isinstance(size, int)]
    return sum(weighed) / len(weighed) if weighed else None
