"""Disturbs Redis and PostgreSQL again and again, over their own protocols, until it is stopped.

Nothing of it may lose or double an event. Settings: DATABASE_URL, REDIS_URL,
DISTURB_EVERY_SECONDS (5), DISTURB_SEED (1: the same disturbances in the same order).
"""

import os
import random
import signal
import sys
from collections.abc import Callable

import psycopg
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

_PAUSE_MILLISECONDS = 1500
_ENDING = (signal.SIGTERM, signal.SIGINT)


def cut_subscribers(redis: Redis) -> str:
    """Close the relays' connections."""
    return f"{redis.client_kill_filter(_type='pubsub')} subscriptions of Redis are cut"


def cut_clients(redis: Redis) -> str:
    """Close the connections of workers and API processes."""
    return f"{redis.client_kill_filter(_type='normal', skipme=True)} connections of Redis are cut"


def hang(redis: Redis) -> str:
    """Let Redis answer nobody for a moment."""
    redis.client_pause(_PAUSE_MILLISECONDS)
    return f"Redis hangs for {_PAUSE_MILLISECONDS} ms"


def forget_scripts(redis: Redis) -> str:
    """Take the Lua scripts away."""
    redis.script_flush()
    return "Redis forgets its scripts"


def forget_everything(redis: Redis) -> str:
    """Wipe Redis: queue, work board and token logs."""
    redis.flushall()
    return "Redis forgets everything"


def end_backends(_: Redis) -> str:
    """Close every connection to PostgreSQL."""
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as connection:
        rows = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return f"{len(rows)} connections of PostgreSQL are cut"


DISTURBANCES: tuple[Callable[[Redis], str], ...] = (
    cut_subscribers,
    cut_clients,
    hang,
    forget_scripts,
    forget_everything,
    end_backends,
)


def main() -> int:
    """Disturb until SIGTERM or SIGINT."""
    # Blocked, and waited for: a handler would come in the midst of what waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    every_seconds = float(os.environ.get("DISTURB_EVERY_SECONDS", "5"))
    chance = random.Random(os.environ.get("DISTURB_SEED", "1"))  # noqa: S311 -- not for secrets
    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5, retry=Retry(NoBackoff(), 0))
    while signal.sigtimedwait(_ENDING, every_seconds) is None:
        disturb = chance.choice(DISTURBANCES)
        try:
            said = disturb(redis)
        except (RedisError, psycopg.Error) as error:
            said = f"{disturb.__name__}: {error}"
        sys.stdout.write(said + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
