"""Responses: accepted by the API, claimed and finished by one attempt of a worker.

Every change names the attempt that makes it and is a compare-and-set, so that an attempt that was
overtaken changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from millstream_contract.errors import KeyReused, NotEnded, NotFound, NotInConversation, NotTheLast
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.pool import Connection, Pool, ledger_connection
from millstream_contract.ledger.rows import (
    Accepted,
    NewResponse,
    ResponseRow,
    Standing,
    WhenBusy,
)
from millstream_contract.ledger.turns import (
    IS_ITS_TURN,
    check_open,
    enter_conversation,
    interrupt,
    lock_conversation,
    unfinished_ahead,
)
from millstream_contract.objects import OutputItem, Passage, ResponseObject

_UNFINISHED: Final = "status IN ('queued', 'in_progress')"
_OUTPUT: Final[TypeAdapter[tuple[OutputItem, ...]]] = TypeAdapter(tuple[OutputItem, ...])

_COLUMNS_AS_GIVEN: Final = (
    "owner",
    "conversation_id",
    "question",
    "model",
    "instructions",
    "background",
    "previous_response_id",
    "max_output_tokens",
    "temperature",
    "idempotency_key",
    "replaces",
    "traceparent",
)

# Response and input in one statement: it is on the way to every first token.
_INSERT: Final = """
WITH accepted AS (
    INSERT INTO responses (id, owner, conversation_id, question, model, instructions, background,
        previous_response_id, max_output_tokens, temperature, metadata, idempotency_key,
        replaces, input_count, traceparent, request_digest)
    VALUES (%(id)s, %(owner)s, %(conversation_id)s, %(question)s, %(model)s, %(instructions)s,
        %(background)s, %(previous_response_id)s, %(max_output_tokens)s, %(temperature)s,
        %(metadata)s, %(idempotency_key)s, %(replaces)s,
        %(input_count)s, %(traceparent)s, %(request_digest)s)
    ON CONFLICT (owner, idempotency_key) DO NOTHING
    RETURNING *
), asked AS (
    INSERT INTO items (id, conversation_id, response_id, turn, is_output, body)
    SELECT item->>'id', conversation_id, id, turn, false, item
    FROM accepted, jsonb_array_elements(%(input)s) WITH ORDINALITY AS given (item, place)
    ORDER BY place
)
SELECT * FROM accepted
"""


class Responses:
    """The responses in the ledger. All methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def accept(
        self, new: NewResponse, *, when_busy: WhenBusy = "enqueue", most_open: int | None = None
    ) -> Accepted:
        """Store a question, and tell what else it brought about.

        when_busy: what to do in a busy conversation, unless the question says so itself.
        most_open: how many unfinished responses its owner may have, this one included.
        The same idempotency key and request of one owner give the same response again.
        A response that it replaces is superseded, and told to stop, in the same transaction; so are
        those that it interrupts.
        Raises ConversationBusy when the policy is to reject; TooManyOpen; KeyReused when the key
        was used for another request; NotFound, with the id, when the conversation, the replaced or
        the previous response is not the owner's; NotInConversation and NotTheLast when the replaced
        response is not the last one of the conversation; NotEnded when the previous one is still
        being answered.
        """
        with ledger_connection(self._pool) as connection:
            if most_open is None and not _checks(new):
                # One statement is a transaction already, and one trip.
                row = _insert(connection, new)
                return _repeat(connection, new) if row is None else Accepted(row, is_new=True)
            with connection.transaction():
                return _accept_checked(connection, new, new.when_busy or when_busy, most_open)

    def earlier(self, new: NewResponse) -> ResponseRow | None:
        """Return what an earlier request with the same idempotency key has made, if there was one.

        Raises KeyReused when that was another request.
        """
        with ledger_connection(self._pool) as connection:
            return _earlier(connection, new)

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

    def log(self, response_id: str, *, wait_seconds: float | None = None) -> bytes | None:
        """Return the finished stream (frames, joined), or None while there is none.

        wait_seconds: the longest wait for a connection, for a caller with other things to do.
        Raises NotFound.
        """
        with ledger_connection(self._pool, wait_seconds) as connection:
            row = connection.execute(
                "SELECT log FROM responses WHERE id = %s", [response_id]
            ).fetchone()
        if row is None:
            raise NotFound(response_id)
        return bytes(row["log"]) if row["log"] is not None else None

    def claim(self, response_id: str, attempt: int) -> ResponseRow | None:
        """Begin an attempt, or return None: it was begun already, overtaken, or all is done.

        Nor does one begin before its turn, while an earlier response of its conversation is
        unfinished: two of them are never answered at once.
        """
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "UPDATE responses r SET attempt = %(attempt)s, status = 'in_progress',"
                " started_at = coalesce(started_at, clock_timestamp())"
                f" WHERE id = %(id)s AND attempt = %(attempt)s - 1 AND {_UNFINISHED}"
                f" AND {IS_ITS_TURN} RETURNING *",
                {"id": response_id, "attempt": attempt},
            ).fetchone()
        return ResponseRow.model_validate(row) if row else None

    def keep_passages(
        self, response_id: str, attempt: int, passages: Sequence[Passage], *, grounded: bool
    ) -> bool:
        """Store what was retrieved and graded, for a later attempt. False: overtaken."""
        body = Jsonb([passage.model_dump() for passage in passages])
        with ledger_connection(self._pool) as connection:
            changed = connection.execute(
                "UPDATE responses SET passages = %s, grounded = %s"
                f" WHERE id = %s AND attempt = %s AND {_UNFINISHED}",
                [body, grounded, response_id, attempt],
            )
            return changed.rowcount == 1

    def finish(self, final: ResponseObject, attempt: int, log: bytes) -> bool:
        """Store the end of a response: its object, and its whole stream. False: overtaken.

        Call it before the final frame is published: what a viewer was told is then stored.
        """
        conversation_id = final.conversation.id if final.conversation else None
        with ledger_connection(self._pool) as connection, connection.transaction():
            lock_conversation(connection, conversation_id)
            changed = connection.execute(
                "UPDATE responses SET status = %(status)s, error = %(error)s,"
                " incomplete_reason = %(incomplete)s, usage = %(usage)s, grounded = %(grounded)s,"
                " timings = %(timings)s, log = %(log)s,"
                " completed_at = to_timestamp(%(completed_at)s)"
                f" WHERE id = %(id)s AND attempt = %(attempt)s AND {_UNFINISHED}",
                _final_columns(final, attempt, log),
            )
            if changed.rowcount != 1:
                return False
            _insert_output(connection, final)
            return True

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
                f"SELECT id, attempt FROM responses r WHERE {_UNFINISHED} AND {IS_ITS_TURN}"
                " ORDER BY created_at LIMIT %s",
                [limit],
            ).fetchall()
        return [(row["id"], row["attempt"]) for row in rows]

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
                f"SELECT id, attempt FROM responses WHERE conversation_id = %s AND {_UNFINISHED}"
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
                f" WHERE id = %s AND owner = %s AND {_UNFINISHED}",
                [response_id, owner],
            )
        return self.get(response_id, owner)


def _accept_checked(
    connection: Connection, new: NewResponse, when_busy: WhenBusy, most_open: int | None
) -> Accepted:
    new = _with_conversation(connection, new)
    enter_conversation(connection, new)
    # Before anything is checked that the first request has changed.
    if earlier := _earlier(connection, new):
        return Accepted(earlier, is_new=False)
    if most_open is not None:
        check_open(connection, new.owner, most_open)
    _check_is_last(connection, new)
    _check_previous(connection, new)
    ahead = unfinished_ahead(connection, new, when_busy)
    row = _insert(connection, new)
    if row is None:
        return _repeat(connection, new)
    _supersede(connection, row)
    if when_busy == "interrupt" and ahead:
        interrupt(connection, row)
        return Accepted(row, is_new=True, ahead=ahead, told_to_stop=ahead)
    return Accepted(row, True, ahead, told_to_stop=(row.replaces,) if row.replaces else ())


def _repeat(connection: Connection, new: NewResponse) -> Accepted:
    earlier = _earlier(connection, new)
    assert earlier is not None  # noqa: S101 -- it is what the insert was in conflict with
    return Accepted(earlier, is_new=False)


def _with_conversation(connection: Connection, new: NewResponse) -> NewResponse:
    """Return the question in the conversation of the response that it replaces."""
    if new.replaces is None:
        return new
    found = connection.execute(
        "SELECT conversation_id FROM responses WHERE id = %s AND owner = %s",
        [new.replaces, new.owner],
    ).fetchone()
    if found is None:
        raise NotFound(new.replaces)
    conversation_id = found["conversation_id"]
    if conversation_id is None or new.conversation_id not in {None, conversation_id}:
        raise NotInConversation(new.replaces)
    return replace(new, conversation_id=conversation_id)


def _check_is_last(connection: Connection, new: NewResponse) -> None:
    if new.replaces is None:
        return
    last = connection.execute(
        "SELECT id FROM responses WHERE conversation_id = %s AND superseded_by IS NULL"
        " ORDER BY turn DESC LIMIT 1",
        [new.conversation_id],
    ).fetchone()
    if last is None or last["id"] != new.replaces:
        raise NotTheLast(new.replaces)


def _checks(new: NewResponse) -> bool:
    """Tell whether a question names what must be there."""
    named = (new.conversation_id, new.replaces, new.previous_response_id)
    return any(one is not None for one in named)


def _check_previous(connection: Connection, new: NewResponse) -> None:
    if new.previous_response_id is None:
        return
    found = connection.execute(
        f"SELECT {_UNFINISHED} AS unfinished FROM responses WHERE id = %s AND owner = %s",
        [new.previous_response_id, new.owner],
    ).fetchone()
    if found is None:
        raise NotFound(new.previous_response_id)
    if found["unfinished"]:
        raise NotEnded(new.previous_response_id)


def _supersede(connection: Connection, row: ResponseRow) -> None:
    if row.replaces is None:
        return
    connection.execute(
        "UPDATE responses SET superseded_by = %s, cancel_requested_at ="
        f" CASE WHEN {_UNFINISHED} THEN coalesce(cancel_requested_at, clock_timestamp())"
        "  ELSE cancel_requested_at END WHERE id = %s",
        [row.id, row.replaces],
    )


def _insert(connection: Connection, new: NewResponse) -> ResponseRow | None:
    response_id = new_id("resp")
    row = connection.execute(
        _INSERT,
        {
            **{column: getattr(new, column) for column in _COLUMNS_AS_GIVEN},
            "id": response_id,
            "metadata": Jsonb(new.metadata),
            "request_digest": new.digest(),
            "input_count": len(new.input),
            "input": Jsonb([message.body() for message in new.input]),
        },
    ).fetchone()
    return ResponseRow.model_validate(row) if row else None


def _earlier(connection: Connection, new: NewResponse) -> ResponseRow | None:
    if new.idempotency_key is None:
        return None
    row = connection.execute(
        "SELECT * FROM responses WHERE owner = %s AND idempotency_key = %s",
        [new.owner, new.idempotency_key],
    ).fetchone()
    if row is None:
        return None
    earlier = ResponseRow.model_validate(row)
    if earlier.request_digest != new.digest():
        raise KeyReused
    return earlier


def _insert_output(connection: Connection, final: ResponseObject) -> None:
    conversation_id = final.conversation.id if final.conversation else None
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO items (id, conversation_id, response_id, turn, is_output, body)"
            " SELECT %s, %s, id, turn, true, %s FROM responses WHERE id = %s",
            [
                (item.id, conversation_id, Jsonb(item.model_dump(mode="json")), final.id)
                for item in final.output
            ],
        )


def _final_columns(final: ResponseObject, attempt: int, log: bytes) -> dict[str, Any]:
    return {
        "id": final.id,
        "attempt": attempt,
        "status": final.status,
        "error": Jsonb(final.error.model_dump()) if final.error else None,
        "incomplete": final.incomplete_details.reason if final.incomplete_details else None,
        "usage": Jsonb(final.usage.model_dump()) if final.usage else None,
        "grounded": final.millstream.grounded,
        "timings": Jsonb(final.millstream.timings.model_dump()),
        "log": log,
        "completed_at": final.completed_at,
    }
