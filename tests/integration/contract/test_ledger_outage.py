"""PostgreSQL away: said by name, after a bounded wait, and over when it is back."""

import time
from contextlib import closing

import pytest

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.migration import migrate
from millstream_contract.ledger.pool import ledger_connection
from millstream_contract.ledger.rows import NewResponse
from tests.harness.deadlines import eventually, scaled
from tests.harness.ports import free_port
from tests.harness.postgres import PostgresServer
from tests.harness.proxy import TcpProxy

WAIT_SECONDS = 0.5
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
        before = ledger.responses.accept(QUESTION).row
        private_postgres.kill()

        for _ in range(3):
            with pytest.raises(LedgerUnavailable):
                ledger.responses.get(before.id)
            with pytest.raises(LedgerUnavailable):
                ledger.ping()
        private_postgres.restart()

        eventually("the ledger to answer", lambda: answers(ledger), 20)
        assert ledger.responses.get(before.id) == before
        assert ledger.responses.accept(QUESTION).is_new


def test_a_restart_that_nobody_called_in_is_not_noticed(private_postgres: PostgresServer) -> None:
    migrate(private_postgres.url())
    with open_pool(private_postgres.url(), size=3, wait_seconds=scaled(10)) as pool:
        ledger = Ledger.of(pool)
        row = ledger.responses.accept(QUESTION).row
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
            before = ledger.responses.accept(QUESTION).row
            network.stall()

            for _ in range(3):
                begun = time.monotonic()
                with pytest.raises(LedgerUnavailable):
                    ledger.responses.get(before.id)
                assert time.monotonic() - begun < scaled(5)
            network.restore()

            eventually("the ledger to answer", lambda: answers(ledger), 20)
            assert ledger.responses.get(before.id) == before


def test_a_late_reply_is_never_taken_for_another(database_url: str) -> None:
    with open_pool(database_url, size=1, reply_seconds=0.3) as pool:
        with pytest.raises(LedgerUnavailable), ledger_connection(pool) as connection:
            connection.execute("SELECT 'late', pg_sleep(0.6)")
        for _ in range(2):
            with ledger_connection(pool) as connection:
                assert connection.execute("SELECT 'own' AS reply").fetchone() == {"reply": "own"}


def answers(ledger: Ledger) -> bool:
    try:
        ledger.ping()
    except LedgerUnavailable:
        return False
    return True
