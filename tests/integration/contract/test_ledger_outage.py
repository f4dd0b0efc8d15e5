"""PostgreSQL away: said by name, after a bounded wait, and over when it is back."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import LiteralString, TypeVar

import psycopg
import pytest

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.ledger import Ledger, Pool, open_pool
from millstream_contract.ledger.migration import migrate
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.pool import ledger_connection
from tests.harness.deadlines import eventually, scaled
from tests.harness.ports import free_port
from tests.harness.postgres import PostgresServer
from tests.harness.proxy import TcpProxy

T = TypeVar("T")

WAIT_SECONDS = 0.5
LOCK = 7
QUESTION = NewResponse("ann", "Still there?", "m")


def test_a_server_that_never_was_there_is_said_after_a_bounded_wait() -> None:
    url = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
    with open_pool(url, size=2, wait_seconds=WAIT_SECONDS) as pool:
        begun = time.monotonic()
        with pytest.raises(LedgerUnavailable):
            Ledger.of(pool).responses.accept(QUESTION)

        # Far above the wait, far below any default of PostgreSQL's client.
        assert time.monotonic() - begun < scaled(15)


def test_a_server_that_is_killed_is_said_and_serves_again_when_it_is_back(
    private_postgres: PostgresServer,
) -> None:
    migrate(private_postgres.url())
    with open_pool(private_postgres.url(), size=2, wait_seconds=WAIT_SECONDS) as pool:
        ledger = Ledger.of(pool)
        before = patiently(lambda: ledger.responses.accept(QUESTION).row)
        private_postgres.kill()

        for _ in range(3):
            with pytest.raises(LedgerUnavailable):
                ledger.responses.get(before.id)
            with pytest.raises(LedgerUnavailable):
                ledger.ping()
        private_postgres.restart()

        assert patiently(lambda: ledger.responses.get(before.id)) == before
        assert patiently(lambda: ledger.responses.accept(QUESTION)).is_new
        eventually("the ledger to answer", lambda: answers(ledger), 20)


@pytest.mark.parametrize("connections", [1, 8])
def test_a_restart_that_nobody_called_in_is_not_noticed(
    private_postgres: PostgresServer, connections: int
) -> None:
    migrate(private_postgres.url())
    with open_pool(private_postgres.url(), size=8, wait_seconds=scaled(10)) as pool:
        ledger = Ledger.of(pool)
        row = ledger.responses.accept(QUESTION).row
        states_of(pool, connections)
        private_postgres.kill()
        private_postgres.restart()

        assert ledger.responses.get(row.id) == row


def test_a_server_that_hangs_is_said_after_a_bounded_wait(
    private_postgres: PostgresServer,
) -> None:
    migrate(private_postgres.url())
    with closing(TcpProxy(private_postgres.port)) as network:
        url = f"postgresql://postgres@127.0.0.1:{network.port}/postgres"
        with open_pool(url, size=2, wait_seconds=WAIT_SECONDS, reply_seconds=WAIT_SECONDS) as pool:
            ledger = Ledger.of(pool)
            before = patiently(lambda: ledger.responses.accept(QUESTION).row)
            network.stall()

            for _ in range(3):
                begun = time.monotonic()
                with pytest.raises(LedgerUnavailable):
                    ledger.responses.get(before.id)
                assert time.monotonic() - begun < scaled(5)
            network.restore()

            assert patiently(lambda: ledger.responses.get(before.id)) == before


def test_a_late_reply_is_never_taken_for_another(database_url: str) -> None:
    with open_pool(database_url, size=1, reply_seconds=WAIT_SECONDS) as pool:
        eventually("the ledger to answer", lambda: answers(Ledger.of(pool)), 20)
        with psycopg.connect(database_url, autocommit=True) as holder:
            holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            with pytest.raises(LedgerUnavailable), ledger_connection(pool) as connection:
                connection.execute("SELECT 'late' AS reply, pg_advisory_lock(%s)", [LOCK])
        # Nothing holds it back any more.
        for _ in range(2):
            assert patiently(lambda: reply_to(pool, "SELECT 'own' AS reply")) == "own"


def test_a_server_that_takes_no_writes_is_said_and_serves_again_when_it_does(
    private_postgres: PostgresServer,
) -> None:
    migrate(private_postgres.url())
    with open_pool(private_postgres.url(), size=2, wait_seconds=scaled(10)) as pool:
        ledger = Ledger.of(pool)
        row = ledger.responses.accept(QUESTION).row
        private_postgres.take_writes(now=False)
        eventually("the ledger to refuse", lambda: not answers(ledger), 20)

        with pytest.raises(LedgerUnavailable):
            ledger.responses.accept(QUESTION)
        assert ledger.responses.get(row.id) == row
        private_postgres.take_writes(now=True)

        eventually("the ledger to answer", lambda: answers(ledger), 20)
        assert ledger.responses.accept(QUESTION).is_new


def test_one_refused_write_moves_every_connection_to_the_server_of_now(
    postgres: PostgresServer, database_url: str
) -> None:
    # A session keeps what held when it began, as one to an old primary does.
    postgres.let_new_sessions_write(database_url, may=False)
    with open_pool(database_url, size=3, wait_seconds=scaled(10)) as pool:
        assert states_of(pool, 3) == ["on", "on", "on"]
        postgres.let_new_sessions_write(database_url, may=True)

        with pytest.raises(LedgerUnavailable):
            Ledger.of(pool).responses.accept(QUESTION)

        assert states_of(pool, 3) == ["off", "off", "off"]
        assert Ledger.of(pool).responses.accept(QUESTION).is_new


def test_a_probe_alone_moves_connections_to_the_server_of_now(
    postgres: PostgresServer, database_url: str
) -> None:
    postgres.let_new_sessions_write(database_url, may=False)
    with open_pool(database_url, size=1, wait_seconds=scaled(10)) as pool:
        ledger = Ledger.of(pool)
        assert not answers(ledger)
        postgres.let_new_sessions_write(database_url, may=True)

        eventually("the ledger to answer", lambda: answers(ledger), 20)


def test_of_several_hosts_the_one_that_takes_writes_is_used(
    private_postgres: PostgresServer, postgres: PostgresServer
) -> None:
    private_postgres.let_new_sessions_write(private_postgres.url(), may=False)
    hosts = f"127.0.0.1:{private_postgres.port},127.0.0.1:{postgres.port}"
    url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    with open_pool(url, size=1, wait_seconds=scaled(10)) as pool:
        with ledger_connection(pool) as connection:
            assert connection.info.port == postgres.port


def states_of(pool: Pool, number: int) -> list[str]:
    """Ask so many connections at once whether they are read-only."""
    with ExitStack() as held:
        lent = [held.enter_context(ledger_connection(pool)) for _ in range(number)]
        rows = [one.execute("SHOW transaction_read_only").fetchone() for one in lent]
    return [row["transaction_read_only"] for row in rows if row]


def reply_to(pool: Pool, question: LiteralString) -> object:
    with ledger_connection(pool) as connection:
        row = connection.execute(question).fetchone()
    return row and row["reply"]


def patiently(call: Callable[[], T]) -> T:
    """Call until the ledger answers: on a busy machine that may take longer than it waits."""

    def called() -> T | None:
        try:
            return call()
        except LedgerUnavailable:
            return None

    return eventually("the ledger to answer", called, 20)


def answers(ledger: Ledger) -> bool:
    try:
        ledger.ping()
    except LedgerUnavailable:
        return False
    return True
