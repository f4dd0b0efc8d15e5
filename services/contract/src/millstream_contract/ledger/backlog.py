"""How long what is not final has waited or run, for metrics."""

from dataclasses import dataclass
from typing import Final

from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.turns import IS_ITS_TURN, UNFINISHED

_AGES: Final = ("queued", "running")


@dataclass(frozen=True, slots=True)
class LedgerBacklog:
    """What the ledger knows; 0 where nothing waits, or nothing runs.

    What waits for its turn in a conversation does not count: no worker could begin it.

    The work board cannot say how long: a response whose message is sent again counts as put in line
    just then.
    """

    oldest_queued_seconds: float
    oldest_running_seconds: float


def ledger_backlog(pool: Pool, *, wait_seconds: float) -> LedgerBacklog:
    """Look at what is not final. Raises LedgerUnavailable."""
    with ledger_connection(pool, wait_seconds) as connection:
        row = connection.execute(
            "SELECT clock_timestamp() - min(created_at)"
            f" FILTER (WHERE status = 'queued' AND {IS_ITS_TURN}) AS queued,"
            " clock_timestamp() - min(started_at) FILTER (WHERE status = 'in_progress') AS running"
            f" FROM responses r WHERE {UNFINISHED}"
        ).fetchone()
    ages = [row[name].total_seconds() if row and row[name] else 0.0 for name in _AGES]
    return LedgerBacklog(*ages)
