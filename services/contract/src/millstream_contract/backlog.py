"""What waits and what runs, as Redis has it: figures of the whole system, for metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis import Redis

from millstream_contract.keys import LEASES_KEY, QUEUED_KEY, log_key
from millstream_contract.redis_connection import redis_answers
from millstream_contract.work_board import Lease

_LOGS_WEIGHED: Final = 8


@dataclass(frozen=True, slots=True)
class RedisBacklog:
    """What Redis knows.

    log_bytes: mean memory of the token logs that were weighed; None when none is being written.
    memory_limit_bytes: 0 for none.
    A server may keep its memory to itself, as some managed ones do: then memory_bytes and log_bytes
    are None.
    """

    queued: int
    running: int
    memory_bytes: int | None
    memory_limit_bytes: int
    log_bytes: float | None


def redis_backlog(redis: Redis) -> RedisBacklog:
    """Look at the work board and at Redis' memory. Raises LogUnavailable."""
    with redis_answers():
        with redis.pipeline(transaction=False) as calls:
            calls.zcard(QUEUED_KEY)
            calls.zcard(LEASES_KEY)
            calls.zrandmember(LEASES_KEY, _LOGS_WEIGHED)
            queued, running, leases = calls.execute()
        told, log_bytes = _weighed(redis, list(filter(None, map(Lease.if_any, leases))))
    used = told.get("used_memory")
    limit = int(told.get("maxmemory", 0))
    return RedisBacklog(queued, running, None if used is None else int(used), limit, log_bytes)


def _weighed(redis: Redis, leases: list[Lease]) -> tuple[Mapping[str, Any], float | None]:
    """What the server tells of its memory, and the mean size of these logs."""
    with redis.pipeline(transaction=False) as calls:
        calls.info("memory")
        for lease in leases:
            calls.memory_usage(log_key(lease.response_id))
        # A server that does not allow a question is not one that is away.
        told, *sizes = calls.execute(raise_on_error=False)
    weighed = [size for size in sizes if isinstance(size, int)]
    return (
        told if isinstance(told, dict) else {},
        sum(weighed) / len(weighed) if weighed else None,
    )
