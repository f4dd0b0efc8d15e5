"""Turns: in a conversation one answer is made at a time, in the order of acceptance.

Whoever accepts or ends a response of a conversation holds the lock of the conversation's row: so a
question either finds the answer before it ended, or is found by who ends that one.
"""

from typing import Final

from millstream_contract.errors import ConversationBusy, NotFound, TooFarBehind, TooManyOpen
from millstream_contract.ledger.new_entries import NewResponse, WhenBusy
from millstream_contract.ledger.pool import Connection
from millstream_contract.ledger.rows import ResponseRow

UNFINISHED: Final = "status IN ('queued', 'in_progress')"
"""Holds for a response that has not ended."""

_TITLE_LENGTH: Final = 80

IS_ITS_TURN: Final = (
    "NOT EXISTS (SELECT FROM responses ahead WHERE ahead.conversation_id = r.conversation_id"
    f" AND ahead.turn < r.turn AND ahead.{UNFINISHED})"
)
"""Holds for a response ``r`` when no earlier one of its conversation is unfinished."""


# A title that was taken from a question changes with it.
_ENTER: Final = """
UPDATE conversations SET title = CASE WHEN title = '' OR title =
    (SELECT left(btrim(question, E' \\t\\n\\r'), %(length)s) FROM responses WHERE id = %(replaces)s)
    THEN %(title)s ELSE title END
WHERE id = %(id)s AND owner = %(owner)s
"""


def enter_conversation(connection: Connection, new: NewResponse) -> None:
    """Lock the conversation of a new question until the transaction ends. Raises NotFound."""
    if new.conversation_id is None:
        return
    title = new.question.strip()[:_TITLE_LENGTH]
    found = connection.execute(
        _ENTER,
        {
            "title": title,
            "length": _TITLE_LENGTH,
            "replaces": new.replaces,
            "id": new.conversation_id,
            "owner": new.owner,
        },
    )
    if found.rowcount != 1:
        raise NotFound(new.conversation_id)


def lock_conversation(connection: Connection, conversation_id: str | None) -> None:
    """Lock a conversation until the transaction ends; nothing, when there is none."""
    if conversation_id is not None:
        connection.execute(
            "SELECT FROM conversations WHERE id = %s FOR NO KEY UPDATE", [conversation_id]
        )


def unfinished_ahead(
    connection: Connection, new: NewResponse, when_busy: WhenBusy, most_ahead: int | None
) -> tuple[str, ...]:
    """Return the unfinished responses of the conversation that was entered, newest first.

    Raises ConversationBusy when the policy is to reject, and one of them is to be answered to its
    end: one that is told to stop, or is to be replaced, only has to be waited for. Raises
    TooFarBehind when it is to enqueue, and there are more such than ``most_ahead``.
    """
    if new.conversation_id is None:
        return ()
    rows = connection.execute(
        "SELECT id, cancel_requested_at IS NULL AND superseded_by IS NULL AS goes_on"
        f" FROM responses WHERE conversation_id = %s AND {UNFINISHED} ORDER BY turn DESC",
        [new.conversation_id],
    ).fetchall()
    going_on = [row["id"] for row in rows if row["goes_on"] and row["id"] != new.replaces]
    if when_busy == "reject" and going_on:
        raise ConversationBusy(going_on[0])
    if when_busy == "enqueue" and most_ahead is not None and len(going_on) > most_ahead:
        raise TooFarBehind(len(going_on))
    return tuple(row["id"] for row in rows)


def check_open(connection: Connection, owner: str, most: int) -> None:
    """Raise TooManyOpen unless the owner may have one more unfinished response.

    Questions of one owner come here one by one, so that none sees a place that another takes.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [owner])
    row = connection.execute(
        f"SELECT count(*) AS open FROM responses WHERE owner = %s AND {UNFINISHED}", [owner]
    ).fetchone()
    if row is not None and row["open"] >= most:
        raise TooManyOpen(row["open"])


def interrupt(connection: Connection, row: ResponseRow) -> None:
    """Write down that everything before ``row`` in its conversation is to stop."""
    connection.execute(
        "UPDATE responses SET cancel_requested_at ="
        " coalesce(cancel_requested_at, clock_timestamp())"
        f" WHERE conversation_id = %s AND turn < %s AND {UNFINISHED}",
        [row.conversation_id, row.turn],
    )
