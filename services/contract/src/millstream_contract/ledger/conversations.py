"""Conversations and what was said in them."""

from typing import Any, Final

from psycopg.types.json import Jsonb

from millstream_contract.errors import NotFound
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.rows import Conversation, Item
from millstream_contract.objects import Feedback

_COLUMNS = "c.id, c.owner, c.title, c.metadata, c.created_at"

# What was superseded is kept, but it is no part of the conversation any more.
_ITEMS: Final = (
    "SELECT i.id, i.position, i.response_id, i.body, f.rating, f.comment FROM items i"
    " LEFT JOIN responses r ON r.id = i.response_id"
    " LEFT JOIN feedback f ON f.response_id = r.id AND f.owner = r.owner AND i.is_output"
    " WHERE i.conversation_id = %(conversation)s AND r.superseded_by IS NULL"
)


class Conversations:
    """The conversations in the ledger. All methods raise LedgerUnavailable when it is.

    Each takes the owner: another's conversation is NotFound.
    """

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def create(self, owner: str, title: str, metadata: dict[str, str]) -> Conversation:
        """Store a new, empty conversation."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                f"INSERT INTO conversations AS c (id, owner, title, metadata)"
                f" VALUES (%s, %s, %s, %s) RETURNING {_COLUMNS}",
                [new_id("conv"), owner, title, Jsonb(metadata)],
            ).fetchone()
        assert row is not None  # noqa: S101 -- INSERT ... RETURNING gives its row
        return Conversation(**row)

    def get(self, conversation_id: str, owner: str) -> Conversation:
        """Return a conversation, or raise NotFound."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM conversations c WHERE id = %s AND owner = %s",
                [conversation_id, owner],
            ).fetchone()
        if row is None:
            raise NotFound(conversation_id)
        return Conversation(**row)

    def newest(self, owner: str, *, after: str | None, limit: int) -> list[Conversation]:
        """Return up to ``limit`` conversations, newest first, from behind the one ``after``.

        Raises NotFound when ``after`` is not the owner's.
        """
        if after is not None:
            self.get(after, owner)
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS}, r.id AS last_response_id, r.status AS last_response_status"
                " FROM conversations c LEFT JOIN LATERAL (SELECT id, status FROM responses"
                "  WHERE conversation_id = c.id AND superseded_by IS NULL"
                "  ORDER BY turn DESC LIMIT 1) r ON true"
                " WHERE c.owner = %(owner)s AND (%(after)s::text IS NULL OR (c.created_at, c.id) <"
                "  (SELECT created_at, id FROM conversations WHERE id = %(after)s))"
                " ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s",
                {"owner": owner, "after": after, "limit": limit},
            ).fetchall()
        return [Conversation(**row) for row in rows]

    def update(
        self,
        conversation_id: str,
        owner: str,
        *,
        title: str | None,
        metadata: dict[str, str] | None,
    ) -> Conversation:
        """Change what is given, or raise NotFound."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "UPDATE conversations c SET title = coalesce(%s, title),"
                " metadata = coalesce(%s, metadata)"
                f" WHERE id = %s AND owner = %s RETURNING {_COLUMNS}",
                [title, None if metadata is None else Jsonb(metadata), conversation_id, owner],
            ).fetchone()
        if row is None:
            raise NotFound(conversation_id)
        return Conversation(**row)

    def delete(self, conversation_id: str, owner: str) -> list[str]:
        """Delete a conversation with all that belongs to it, or raise NotFound.

        Returns the ids of the responses that went with it: some may be being answered.
        """
        with ledger_connection(self._pool) as connection, connection.transaction():
            # The row lock keeps new questions of it out.
            found = connection.execute(
                "SELECT FROM conversations WHERE id = %s AND owner = %s FOR UPDATE",
                [conversation_id, owner],
            )
            if found.rowcount != 1:
                raise NotFound(conversation_id)
            rows = connection.execute(
                "SELECT id FROM responses WHERE conversation_id = %s", [conversation_id]
            ).fetchall()
            connection.execute("DELETE FROM conversations WHERE id = %s", [conversation_id])
        return [row["id"] for row in rows]

    def items(
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
        self.get(conversation_id, owner)
        turn, position = self._place(conversation_id, after)
        beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"{_ITEMS} AND (%(turn)s::bigint IS NULL OR"
                f"  (i.turn, i.position) {beyond} (%(turn)s, %(position)s))"
                f" ORDER BY i.turn {order}, i.position {order} LIMIT %(limit)s",
                {
                    "conversation": conversation_id,
                    "turn": turn,
                    "position": position,
                    "limit": limit,
                },
            ).fetchall()
        return [_item(row) for row in rows]

    def history(self, conversation_id: str, before_response: str, limit: int) -> list[Item]:
        """Return the last ``limit`` messages said before a response, oldest first."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"{_ITEMS} AND i.body->>'type' = 'message' AND i.turn <"
                "  (SELECT turn FROM responses WHERE id = %(before)s)"
                " ORDER BY i.turn DESC, i.position DESC LIMIT %(limit)s",
                {"conversation": conversation_id, "before": before_response, "limit": limit},
            ).fetchall()
        return [_item(row) for row in reversed(rows)]

    def _place(self, conversation_id: str, item_id: str | None) -> tuple[int | None, int | None]:
        if item_id is None:
            return None, None
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "SELECT turn, position FROM items WHERE id = %s AND conversation_id = %s",
                [item_id, conversation_id],
            ).fetchone()
        if row is None:
            raise NotFound(item_id)
        return row["turn"], row["position"]


def _item(row: dict[str, Any]) -> Item:
    rating, comment = row.pop("rating"), row.pop("comment")
    return Item(**row, feedback=Feedback(rating=rating, comment=comment) if rating else None)
