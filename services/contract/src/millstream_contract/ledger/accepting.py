"""Accepting a question: one response for one request, in its place in the conversation."""

from dataclasses import replace
from typing import Final

from psycopg.types.json import Jsonb

from millstream_contract.errors import KeyReused, NotEnded, NotFound, NotInConversation, NotTheLast
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.new_entries import NewResponse, WhenBusy
from millstream_contract.ledger.pool import Connection
from millstream_contract.ledger.rows import Accepted, ResponseRow
from millstream_contract.ledger.turns import (
    UNFINISHED,
    check_open,
    enter_conversation,
    interrupt,
    unfinished_ahead,
)

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


def accept(
    connection: Connection,
    new: NewResponse,
    when_busy: WhenBusy,
    most_open: int | None,
    most_ahead: int | None,
) -> Accepted:
    """Store a question, as Responses.accept says; ``when_busy`` is what holds for this one."""
    if most_open is None and not _names_another(new):
        # One statement is a transaction already, and one trip.
        row = _insert(connection, new)
        return _repeat(connection, new) if row is None else Accepted(row, is_new=True)
    with connection.transaction():
        return _accept_checked(connection, new, when_busy, most_open, most_ahead)


def earlier(connection: Connection, new: NewResponse) -> ResponseRow | None:
    """Return what a request with the same idempotency key has made. Raises KeyReused."""
    if new.idempotency_key is None:
        return None
    row = connection.execute(
        "SELECT * FROM responses WHERE owner = %s AND idempotency_key = %s",
        [new.owner, new.idempotency_key],
    ).fetchone()
    if row is None:
        return None
    made = ResponseRow.model_validate(row)
    if made.request_digest != new.digest():
        raise KeyReused
    return made


def _accept_checked(
    connection: Connection,
    new: NewResponse,
    when_busy: WhenBusy,
    most_open: int | None,
    most_ahead: int | None,
) -> Accepted:
    new = _with_conversation(connection, new)
    enter_conversation(connection, new)
    # Before anything is checked that the first request has changed.
    if made := earlier(connection, new):
        return Accepted(made, is_new=False)
    if most_open is not None:
        check_open(connection, new.owner, most_open)
    _check_is_last(connection, new)
    _check_previous(connection, new)
    ahead = unfinished_ahead(connection, new, when_busy, most_ahead)
    row = _insert(connection, new)
    if row is None:
        return _repeat(connection, new)
    _supersede(connection, row)
    if when_busy == "interrupt" and ahead:
        interrupt(connection, row)
        return Accepted(row, is_new=True, ahead=ahead, told_to_stop=ahead)
    return Accepted(row, True, ahead, told_to_stop=(row.replaces,) if row.replaces else ())


def _repeat(connection: Connection, new: NewResponse) -> Accepted:
    made = earlier(connection, new)
    assert made is not None  # noqa: S101 -- it is what the insert was in conflict with
    return Accepted(made, is_new=False)


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


def _names_another(new: NewResponse) -> bool:
    """Tell whether a question names a conversation or a response, which must be there."""
    named = (new.conversation_id, new.replaces, new.previous_response_id)
    return any(one is not None for one in named)


def _check_previous(connection: Connection, new: NewResponse) -> None:
    if new.previous_response_id is None:
        return
    found = connection.execute(
        f"SELECT {UNFINISHED} AS unfinished FROM responses WHERE id = %s AND owner = %s",
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
        f" CASE WHEN {UNFINISHED} THEN coalesce(cancel_requested_at, clock_timestamp())"
        "  ELSE cancel_requested_at END WHERE id = %s",
        [row.id, row.replaces],
    )


def _insert(connection: Connection, new: NewResponse) -> ResponseRow | None:
    row = connection.execute(
        _INSERT,
        {
            **{column: getattr(new, column) for column in _COLUMNS_AS_GIVEN},
            "id": new_id("resp"),
            "metadata": Jsonb(new.metadata),
            "request_digest": new.digest(),
            "input_count": len(new.input),
            "input": Jsonb([message.body() for message in new.input]),
        },
    ).fetchone()
    return ResponseRow.model_validate(row) if row else None
