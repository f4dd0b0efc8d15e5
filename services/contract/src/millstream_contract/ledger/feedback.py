"""What owners think of their answers."""

from millstream_contract.errors import NotFound
from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.objects import Feedback, Rating


class Feedbacks:
    """The feedback in the ledger. All methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def give(self, response_id: str, owner: str, rating: Rating, comment: str | None) -> Feedback:
        """Store the owner's opinion, in place of an earlier one. Raises NotFound."""
        with ledger_connection(self._pool) as connection:
            stored = connection.execute(
                "INSERT INTO feedback (response_id, owner, rating, comment)"
                " SELECT id, owner, %s, %s FROM responses WHERE id = %s AND owner = %s"
                " ON CONFLICT (response_id, owner) DO UPDATE SET rating = excluded.rating,"
                "  comment = excluded.comment, updated_at = now()",
                [rating, comment, response_id, owner],
            )
        if stored.rowcount != 1:
            raise NotFound(response_id)
        return Feedback(rating=rating, comment=comment)

    def withdraw(self, response_id: str, owner: str) -> None:
        """Take the owner's opinion back, if there is one."""
        with ledger_connection(self._pool) as connection:
            connection.execute(
                "DELETE FROM feedback WHERE response_id = %s AND owner = %s", [response_id, owner]
            )

    def of(self, response_id: str) -> Feedback | None:
        """Return what the owner of a response thinks of it."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "SELECT rating, comment FROM feedback JOIN responses r"
                " ON r.id = response_id AND r.owner = feedback.owner WHERE response_id = %s",
                [response_id],
            ).fetchone()
        return Feedback(**row) if row else None
