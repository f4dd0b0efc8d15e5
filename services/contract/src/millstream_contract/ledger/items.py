"""What was said: the items of conversations, and of a response's input."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from millstream_contract.errors import NotFound
from millstream_contract.ledger.new_entries import NewMessage
from millstream_contract.ledger.pool import Connection, Pool, ledger_connection
from millstream_contract.ledger.rows import Item
from millstream_contract.objects import Feedback

# What was superseded is kept, but it is no part of the conversation any more.
_ITEMS: Final = (
    "SELECT i.id, i.position, i.response_id, i.body, f.rating, f.comment FROM items i"
    " LEFT JOIN responses r ON r.id = i.response_id"
    " LEFT JOIN feedback f ON f.response_id = r.id AND f.owner = r.owner AND i.is_output"
)
_OF_CONVERSATION: Final = "i.conversation_id = %(of)s AND r.superseded_by IS NULL"
_OF_INPUT: Final = "i.response_id = %(of)s AND NOT i.is_output"


class Items:
    """The items in the ledger. All methods raise LedgerUnavailable when it is.

    They take the owner of the conversation or response: another's is NotFound.
    """

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def of_conversation(
        self,
        conversation_id: str,
        owner: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[Item]:
        """Return up to ``limit`` items in order, from behind the item ``after``.

        Raises NotFound when the conversation, or ``after`` in it, is not there.
        """
        with ledger_connection(self._pool) as connection:
            _check_owner(connection, "conversations", conversation_id, owner)
            return _page(connection, _OF_CONVERSATION, conversation_id, after, limit, newest_first)

    def of_input(
        self,
        response_id: str,
        owner: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[Item]:
        """Return up to ``limit`` items that a response was asked with, as of_conversation does."""
        with ledger_connection(self._pool) as connection:
            _check_owner(connection, "responses", response_id, owner)
            return _page(connection, _OF_INPUT, response_id, after, limit, newest_first)

    def get(self, conversation_id: str, item_id: str, owner: str) -> Item:
        """Return one item of a conversation, or raise NotFound."""
        with ledger_connection(self._pool) as connection:
            _check_owner(connection, "conversations", conversation_id, owner)
            row = connection.execute(
                f"{_ITEMS} WHERE {_OF_CONVERSATION} AND i.id = %(id)s",
                {"of": conversation_id, "id": item_id},
            ).fetchone()
        if row is None:
            raise NotFound(item_id)
        return _item(row)

    def add(self, conversation_id: str, owner: str, messages: Sequence[NewMessage]) -> list[Item]:
        """Add messages at the end of a conversation, and return them as items."""
        bodies = [message.body() for message in messages]
        with ledger_connection(self._pool) as connection, connection.transaction():
            # The row lock makes questions of the conversation take their turn.
            _check_owner(connection, "conversations", conversation_id, owner, " FOR UPDATE")
            connection.execute(
                "INSERT INTO items (id, conversation_id, turn, is_output, body)"
                " SELECT item->>'id', %s, this.turn, false, item"
                " FROM (SELECT nextval('turns') AS turn) this,"
                "  jsonb_array_elements(%s) WITH ORDINALITY AS given (item, place)"
                " ORDER BY place",
                [conversation_id, Jsonb(bodies)],
            )
            rows = connection.execute(
                f"{_ITEMS} WHERE {_OF_CONVERSATION} AND i.id = ANY(%(ids)s) ORDER BY i.position",
                {"of": conversation_id, "ids": [body["id"] for body in bodies]},
            ).fetchall()
        return [_item(row) for row in rows]

    def delete(self, conversation_id: str, item_id: str, owner: str) -> None:
        """Take one item out of a conversation, and out of its response; or raise NotFound."""
        with ledger_connection(self._pool) as connection:
            _check_owner(connection, "conversations", conversation_id, owner)
            gone = connection.execute(
                "DELETE FROM items WHERE conversation_id = %s AND id = %s",
                [conversation_id, item_id],
            )
        if gone.rowcount != 1:
            raise NotFound(item_id)


def _check_owner(
    connection: Connection, table: str, object_id: str, owner: str, lock: str = ""
) -> None:
    found = connection.execute(
        f"SELECT FROM {table} WHERE id = %s AND owner = %s{lock}", [object_id, owner]
    )
    if found.rowcount != 1:
        raise NotFound(object_id)


def _page(
    connection: Connection,
    condition: str,
    object_id: str,
    after: str | None,
    limit: int,
    newest_first: bool,
) -> list[Item]:
    beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
    asked: dict[str, Any] = {"of": object_id, "limit": limit}
    if after is not None:
        asked |= _place(connection, condition, object_id, after)
        condition += f" AND (i.turn, i.position) {beyond} (%(turn)s, %(position)s)"
    rows = connection.execute(
        f"{_ITEMS} WHERE {condition} ORDER BY i.turn {order}, i.position {order} LIMIT %(limit)s",
        asked,
    ).fetchall()
    return [_item(row) for row in rows]


def _place(connection: Connection, condition: str, object_id: str, item_id: str) -> dict[str, Any]:
    row = connection.execute(
        "SELECT i.turn, i.position FROM items i LEFT JOIN responses r ON r.id = i.response_id"
        f" WHERE {condition} AND i.id = %(id)s",
        {"of": object_id, "id": item_id},
    ).fetchone()
    if row is None:
        raise NotFound(item_id)
    return row


def _item(row: dict[str, Any]) -> Item:
    rating, comment = row.pop("rating"), row.pop("comment")
    return Item(**row, feedback=Feedback(rating=rating, comment=comment) if rating else None)
