"""Checks of the addresses that settings give, so that a wrong one stops the start by its name."""

from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from redis.connection import parse_url

from millstream_contract.ledger.conninfo import conninfo_of, is_lakebase

_REDIS_FORM: Final = "must be such as redis://:password@host:6379/0, or rediss:// for TLS"


def checked_database_url(url: str) -> str:
    """Return ``url``, or raise ValueError unless it leads to a PostgreSQL.

    It is a libpq URI or connection string, or a ``lakebase:`` URL with a login to its workspace.
    """
    if is_lakebase(url):
        conninfo_of(url)
        return url
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ValueError("must be such as postgresql://user:password@host:5432/database") from error
    return url


def checked_redis_url(url: str) -> str:
    """Return ``url``, or raise ValueError unless it is a redis:// or rediss:// URL."""
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise ValueError(_REDIS_FORM) from error
    if not url.startswith(("redis://", "rediss://")):
        # redis-py knows sockets of this machine, too; Celery would call another server instead.
        raise ValueError(_REDIS_FORM)
    return url
