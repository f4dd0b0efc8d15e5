"""Responses: accepted by the API, claimed and finished by one attempt of a worker.

Every change names the attempt that makes it and is a compare-and-set, so that an attempt that was
overtaken changes nothing.
"""

from collections.abc import Sequence
from typing import Final

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from millstream_contract.errors import NotFound
from millstream_contract.ledger.accepting import accept, earlier
from millstream_contract.ledger.ending import finish
from millstream_contract.ledger.new_entries import NewResponse, WhenBusy
from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.rows import Accepted, ResponseRow, Standing
from millstream_contract.ledger.turns import IS_ITS_TURN, UNFINISHED
from millstream_contract.objects import OutputItem, Passage, ResponseObject

_OUTPUT: Final[TypeAdapter[tuple[OutputItem, ...]]] = TypeAdapter(tuple[OutputItem, ...])


class Responses:
    """The responses in the ledger. All methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def accept(
        self,
        new: NewResponse,
        *,
        when_busy: WhenBusy = "enqueue",
        most_open: int | None = None,
        most_ahead: int | None = None,
    ) -> Accepted:
        """Store a question, and tell what else it brought about.

        when_busy: what to do in a busy conversation, unless the question says so itself.
        most_open: how many unfinished responses its owner may have, this one included.
        most_ahead: behind how many answers of its conversation, which go on, it may be enqueued.
        The same idempotency key and request of one owner give the same response again.
        A response that it replaces is superseded, and told to stop, in the same transaction; so are
        those that it interrupts.
        Raises ConversationBusy when the policy is to reject; TooFarBehind; TooManyOpen; KeyReused
        when the key was used for another request; NotFound, with the id, when the conversation, the
        replaced or the previous response is not the owner's; NotInConversation and NotTheLast when
        the replaced response is not the last one of the conversation; NotEnded when the previous
        one is still being answered.
        """
        with ledger_connection(self._pool) as connection:
            policy = new.when_busy or when_busy
            return accept(connection, new, policy, most_open, most_ahead)

    def earlier(self, new: NewResponse) -> ResponseRow | None:
        """Return what an earlier request with the same idempotency key has made, if there was one.

        Raises KeyReused when that was another request.
        """
        with ledger_connection(self._pool) as connection:
            return earlier(connection, new)

    def get(self, response_id: str, owner: str | None = None) -> ResponseRow:
        """Return a response (of this owner, if one is given), or raise NotFound."""
        with ledger_connection(self._pool) as connection:
            found = connection.execute(
                "SELECT * FROM responses WHERE id = %s AND owner = coalesce(%s, owner)",
                [response_id, owner],
            ).fetchone()
        if found is None:
            raise NotFound(response_id)
        return ResponseRow.model_validate(found)

    def output(self, response_id: str) -> tuple[OutputItem, ...]:
        """Return the output items that are stored: none before the response is final."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT body FROM items WHERE response_id = %s AND is_output ORDER BY position",
                [response_id],
            ).fetchall()
        return _OUTPUT.validate_python([row["body"] for row in rows])

    def claim(self, response_id: str, attempt: int) -> ResponseRow | None:
        """Begin an attempt, or return None: it was begun already, overtaken, or all is done.

        Nor does one begin before its turn, while an earlier response of its conversation is
        unfinished: two of them are never answered at once.
        """
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "UPDATE responses r SET attempt = %(attempt)s, status = 'in_progress',"
                " started_at = coalesce(started_at, clock_timestamp()),"
                " claimed_at = clock_timestamp()"
                f" WHERE id = %(id)s AND attempt = %(attempt)s - 1 AND {UNFINISHED}"
                f" AND {IS_ITS_TURN} RETURNING *",
                {"id": response_id, "attempt": attempt},
            ).fetchone()
        return ResponseRow.model_validate(row) if row else None

    def was_claimed_within(self, response_id: str, attempt: int, seconds: float) -> bool:
        """Tell whether this attempt is the newest, and was begun less than ``seconds`` ago."""
        with ledger_connection(self._pool) as connection:
            found = connection.execute(
                "SELECT 1 FROM responses WHERE id = %s AND attempt = %s"
                " AND claimed_at > clock_timestamp() - make_interval(secs => %s)",
                [response_id, attempt, seconds],
            ).fetchone()
        return found is not None

    def hand_over(self, response_id: str, attempt: int, *, wait_seconds: float) -> bool:
        """Write down that this attempt ends by being handed over. False: overtaken, or ended.

        Call it once for an attempt, and before the message of the next one is sent. Where it
        fails, the attempt counts as one that was lost.
        wait_seconds: the longest wait for a connection.
        """
        with ledger_connection(self._pool, wait_seconds) as connection:
            changed = connection.execute(
                "UPDATE responses SET handed_over = handed_over + 1"
                f" WHERE id = %s AND attempt = %s AND {UNFINISHED}",
                [response_id, attempt],
            )
            return changed.rowcount == 1

    def keep_passages(
        self, response_id: str, attempt: int, passages: Sequence[Passage], *, grounded: bool
    ) -> bool:
        """Store what was retrieved and graded, for a later attempt. False: overtaken."""
        body = Jsonb([passage.model_dump() for passage in passages])
        with ledger_connection(self._pool) as connection:
            changed = connection.execute(
                "UPDATE responses SET passages = %s, grounded = %s"
                f" WHERE id = %s AND attempt = %s AND {UNFINISHED}",
                [body, grounded, response_id, attempt],
            )
            return changed.rowcount == 1

    def finish(self, final: ResponseObject, attempt: int, log: bytes) -> bool:
        """Store the end of a response: its object, and its whole stream. False: overtaken.

        Call it before the final frame is published: what a viewer was told is then stored.
        """
        with ledger_connection(self._pool) as connection:
            return finish(connection, final, attempt, log)

    def keep_mlflow_trace(self, response_id: str, trace_id: str) -> None:
        """Store by which id MLflow keeps the trace of the attempt that ended the response."""
        with ledger_connection(self._pool) as connection:
            connection.execute(
                "UPDATE responses SET mlflow_trace_id = %s WHERE id = %s", [trace_id, response_id]
            )

    def standings(self, response_ids: Sequence[str]) -> dict[str, Standing]:
        """Return how these responses stand; one that was deleted is left out."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT id, attempt, status, cancel_requested_at IS NOT NULL AS cancel_requested"
                " FROM responses WHERE id = ANY(%s)",
                [list(response_ids)],
            ).fetchall()
        return {row.pop("id"): Standing(**row) for row in rows}

    def unfinished(self, limit: int = 5000) -> list[tuple[str, int]]:
        """Return id and attempt of responses that have not ended, oldest first.

        Those that wait for their turn in a conversation are left out: nobody is to work on them.
        """
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"SELECT id, attempt FROM responses r WHERE {UNFINISHED} AND {IS_ITS_TURN}"
                " ORDER BY created_at LIMIT %s",
                [limit],
            ).fetchall()
        return [(row["id"], row["attempt"]) for row in rows]

    def waiting_for_turn(self, limit: int = 5000) -> list[tuple[str, int, str]]:
        """Return id, turn and conversation of responses that wait for their turn."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"SELECT id, turn, conversation_id FROM responses r WHERE {UNFINISHED}"
                f" AND attempt = 0 AND conversation_id IS NOT NULL AND NOT {IS_ITS_TURN}"
                " ORDER BY created_at LIMIT %s",
                [limit],
            ).fetchall()
        return [(row["id"], row["turn"], row["conversation_id"]) for row in rows]

    def delete(self, response_id: str, owner: str) -> None:
        """Delete a response with its items, or raise NotFound; forget its log afterwards."""
        with ledger_connection(self._pool) as connection:
            gone = connection.execute(
                "DELETE FROM responses WHERE id = %s AND owner = %s", [response_id, owner]
            )
        if gone.rowcount != 1:
            raise NotFound(response_id)

    def next_of(self, conversation_id: str) -> str | None:
        """Return the response of a conversation whose turn it is, if none has begun it yet."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                f"SELECT id, attempt FROM responses WHERE conversation_id = %s AND {UNFINISHED}"
                " ORDER BY turn LIMIT 1",
                [conversation_id],
            ).fetchone()
        return row["id"] if row is not None and row["attempt"] == 0 else None

    def request_cancel(self, response_id: str, owner: str) -> ResponseRow:
        """Write down that the owner wants a stop; without effect on what is final.

        Raises NotFound.
        """
        with ledger_connection(self._pool) as connection:
            connection.execute(
                "UPDATE responses SET cancel_requested_at ="
                " coalesce(cancel_requested_at, clock_timestamp())"
                f" WHERE id = %s AND owner = %s AND {UNFINISHED}",
                [response_id, owner],
            )
        return self.get(response_id, owner)
