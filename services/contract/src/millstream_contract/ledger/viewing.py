"""What the viewers of responses ask of the ledger: for many of them in one trip."""

from collections.abc import Sequence

from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.rows import Outline


class Viewing:
    """The responses, as their viewers see them. All methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def outlines(self, response_ids: Sequence[str]) -> dict[str, Outline]:
        """Return what must be known of these responses; one that is not there is left out.

        Whoever shows one of them sees to it that it is its owner's.
        """
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT id, owner, status, traceparent FROM responses WHERE id = ANY(%s)",
                [list(response_ids)],
            ).fetchall()
        return {row.pop("id"): Outline(**row) for row in rows}

    def logs(
        self, response_ids: Sequence[str], *, wait_seconds: float | None = None
    ) -> dict[str, bytes | None]:
        """Return the finished streams (frames, joined), None for one that has not ended.

        One that is not there is left out. wait_seconds: the longest wait for a connection, for a
        caller with other things to do.
        """
        with ledger_connection(self._pool, wait_seconds) as connection:
            # As bytes: spelled out, in hexadecimal digits, they would be twice as long.
            rows = connection.execute(
                "SELECT id, log FROM responses WHERE id = ANY(%s)",
                [list(response_ids)],
                binary=True,
            ).fetchall()
        return {row["id"]: None if row["log"] is None else bytes(row["log"]) for row in rows}
