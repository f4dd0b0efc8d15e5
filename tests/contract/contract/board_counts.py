"""How many wait and how many are answered, as the board has it."""

from redis import Redis

from millstream_contract.backlog import redis_backlog


def counts(redis: "Redis") -> tuple[int, int]:
    """Return how many are in line, and how many are held."""
    backlog = redis_backlog(redis)
    return backlog.queued, backlog.running
