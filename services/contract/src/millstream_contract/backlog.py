"""What waits and what runs, as Redis has it: figures of the whole system, for metrics."""

from dataclasses import dataclass
from typing import Final

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
    """

    queued: int
    running: int
    memory_bytes: int
    memory_limit_bytes: int
    log_bytes: float | None


def redis_backlog(redis: Redis) -> RedisBacklog:
    """Look at the work board and at Redis' memory. Raises LogUnavailable."""
    with redis_answers():
        with redis.pipeline(transaction=False) as calls:
            calls.zcard(QUEUED_KEY)
            calls.zcard(LEASES_KEY)
            calls.info("memory")
            calls.zrandmember(LEASES_KEY, _LOGS_WEIGHED)
            queued, running, memory, leases = calls.execute()
        log_bytes = _mean_log_bytes(redis, list(filter(None, map(Lease.if_any, leases))))
    limit = int(memory.get("maxmemory", 0))
    return RedisBacklog(queued, running, int(memory["used_memory"]), limit, log_bytes)


def _mean_log_bytes(redis: Redis, leases: list[Lease]) -> float | None:
    with redis.pipeline(transaction=False) as calls:
        for lease in leases:
            calls.memory_usage(log_key(lease.response_id))
        # A server that does not allow the question is one whose logs nobody weighs.
        replies = calls.execute(raise_on_error=False)
    weighed = [size for size in replies if isinstance(size, int)]
    return sum(weighed) / len(weighed) if weighed else None
