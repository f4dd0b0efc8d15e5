"""Connections to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from millstream_contract.errors import LedgerUnavailable

Connection = psycopg.Connection[DictRow]
Pool = ConnectionPool[Connection]


def open_pool(database_url: str, *, size: int, wait_seconds: float = 5.0) -> Pool:
    """Return a pool of up to ``size`` connections; make it after fork, and close it.

    It does not wait for PostgreSQL: a connection is made when one is needed, and a call that gets
    none within ``wait_seconds`` raises LedgerUnavailable.
    """
    settings: dict[str, Any] = {"row_factory": dict_row, "autocommit": True}
    return ConnectionPool(
        database_url,
        connection_class=Connection,
        kwargs=settings,
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        # A connection that died with a restarted server is replaced before it is handed out.
        check=ConnectionPool.check_connection,
        # An outage may outlast any number of attempts: go on for ever, without a storm.
        reconnect_timeout=5.0,
        open=True,
    )


@contextmanager
def ledger_connection(pool: Pool) -> Iterator[Connection]:
    """Lend a connection; what PostgreSQL's absence raises becomes LedgerUnavailable."""
    try:
        with pool.connection() as connection:
            yield connection
    except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise LedgerUnavailable(type(error).__name__) from error
