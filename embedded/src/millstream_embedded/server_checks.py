"""Servers that were given may be wrong: says so at once, by the variable that names them."""

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from millstream_contract.ledger.migration import migrate
from millstream_embedded.errors import CannotRun

_TIMEOUT_SECONDS = 5


def prepare_ledger(database_url: str) -> None:
    """Bring the database up to date; raise CannotRun when that cannot be done."""
    try:
        migrate(database_url)
    except (psycopg.Error, ValueError) as error:
        raise CannotRun(f"DATABASE_URL: the database cannot be used: {error}") from error


def refuse_silent_redis(redis_url: str) -> None:
    """Raise CannotRun when the server does not answer."""
    try:
        with Redis.from_url(
            redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        ) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        raise CannotRun(f"REDIS_URL: the server cannot be used: {error}") from error
