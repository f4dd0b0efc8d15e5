"""PostgreSQL away: said by name, after a bounded wait, and over when it is back."""

import time

import pytest

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.migration import migrate
from millstream_contract.ledger.rows import NewResponse
from tests.harness.deadlines import eventually, scaled
from tests.harness.ports import free_port
from tests.harness.postgres import PostgresServer

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
        before, _ = ledger.responses.accept(QUESTION)
        private_postgres.kill()

        for _ in range(3):
            with pytest.raises(LedgerUnavailable):
                ledger.responses.get(before.id)
            with pytest.raises(LedgerUnavailable):
                ledger.ping()
        private_postgres.restart()

        eventually("the ledger to answer", lambda: answers(ledger), 20)
        assert ledger.responses.get(before.id) == before
        assert ledger.responses.accept(QUESTION)[1]


def test_a_restart_that_nobody_called_in_is_not_noticed(private_postgres: PostgresServer) -> None:
    migrate(private_postgres.url())
    with open_pool(private_postgres.url(), size=3, wait_seconds=scaled(10)) as pool:
        ledger = Ledger.of(pool)
        row, _ = ledger.responses.accept(QUESTION)
        private_postgres.kill()
        private_postgres.restart()

        assert ledger.responses.get(row.id) == row


def answers(ledger: Ledger) -> bool:
    try:
        ledger.ping()
    except LedgerUnavailable:
        return False
    return True
