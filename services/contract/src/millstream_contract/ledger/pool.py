"""Connections to PostgreSQL."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final, TypeVar

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.ledger.conninfo import conninfo_of

T = TypeVar("T")

_INTERVAL_SECONDS: Final = 0.1

_LEAVE_EVERY_SECONDS: Final = 1.0
"""All connections are replaced no more often: a failover is no time for a storm of new ones."""


class Connection(psycopg.Connection[DictRow]):
    """A connection on which no reply is awaited for ever: a server may hang, or its host be gone.

    Neither libpq nor the server bounds that (its statement_timeout hangs with it).
    """

    reply_seconds: ClassVar[float]

    def wait(
        self, gen: PQGen[T], interval: float = _INTERVAL_SECONDS, timeout: float | None = None
    ) -> T:
        """Wait for one reply. Raises psycopg.OperationalError, the connection then being closed."""
        try:
            return super().wait(gen, interval, timeout or self.reply_seconds)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
                # Its reply may still come: nobody may take it for the reply to something else.
                self.pgconn.finish()
            raise


class Pool(ConnectionPool[Connection]):
    """A pool that can leave a server: after a failover the address may lead to another one."""

    _left_at = -math.inf

    def leave_server(self) -> None:
        """Have all connections replaced by new ones, each when nobody uses it; never waits."""
        now = time.monotonic()
        if now - self._left_at >= _LEAVE_EVERY_SECONDS:
            self._left_at = now
            self.drain()


def open_pool(
    database_url: str, *, size: int, wait_seconds: float = 5.0, reply_seconds: float = 10.0
) -> Pool:
    """Return a pool of up to ``size`` connections; make it after fork, and close it.

    database_url: of PostgreSQL, or a ``lakebase:`` URL (see millstream_contract.lakebase).
    It does not wait for PostgreSQL: a connection is made when one is needed, and a call that gets
    none within ``wait_seconds``, or no reply within ``reply_seconds``, raises LedgerUnavailable.
    """

    def check(connection: Connection) -> None:
        try:
            _check(connection)
        except psycopg.OperationalError:
            # A server that restarted has closed them all. Met one by one, with the pool's growing
            # pause between each and the next, they would take up the whole wait.
            pool.leave_server()
            raise

    pool = Pool(
        conninfo_of(database_url),
        connection_class=type("Connection", (Connection,), {"reply_seconds": reply_seconds}),
        kwargs={"row_factory": dict_row, "autocommit": True},
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        configure=_configure,
        check=check,
        # An outage may outlast any number of attempts: go on for ever, without a storm.
        reconnect_timeout=5.0,
        open=True,
    )
    return pool


def _configure(connection: Connection) -> None:
    # Without it a filtered or crowded HNSW scan returns too few rows. Here it costs one trip per
    # connection, and none per search; a server without pgvector takes it as a name of ours.
    connection.execute("SET hnsw.iterative_scan = strict_order")


def _check(connection: Connection) -> None:
    """Raise psycopg.OperationalError when the server has closed this connection.

    One that died with a restarted server is so replaced before it is handed out, without asking
    the server: a question of its own before each statement costs a round trip on every step to a
    first token. The first look may find the server's last words, the second one its end.
    """
    connection.pgconn.consume_input()
    connection.pgconn.consume_input()


_AWAY: Final = (
    PoolTimeout,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    ReadOnlySqlTransaction,
)


@contextmanager
def ledger_connection(pool: Pool, wait_seconds: float | None = None) -> Iterator[Connection]:
    """Lend a connection; what PostgreSQL's absence raises becomes LedgerUnavailable.

    So does a server that takes no writes (the primary of before a failover, or a replica): nothing
    of what was asked of it was done, and its connections are left for new ones.
    wait_seconds: the longest wait for one; None: as the pool was opened.
    """
    try:
        with pool.connection(timeout=wait_seconds) as connection:
            try:
                yield connection
            except ReadOnlySqlTransaction:
                connection.close()
                pool.leave_server()
                raise
    except _AWAY as error:
        raise LedgerUnavailable(type(error).__name__) from error
