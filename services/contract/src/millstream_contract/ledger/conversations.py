"""Conversations and what was said in them."""

from psycopg.types.json import Jsonb

from millstream_contract.errors import NotFound
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.rows import Conversation

_COLUMNS = "c.id, c.owner, c.title, c.metadata, c.created_at"


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

    def newest(
        self, owner: str, *, after: str | None, limit: int, sought: str = ""
    ) -> list[Conversation]:
        """Return up to ``limit`` conversations, newest first, from behind the one ``after``.

        sought: a text that the title or a question must have, in upper or lower case; "" for all.
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
                " AND (%(sought)s = '' OR c.title ILIKE %(like)s OR EXISTS (SELECT FROM responses q"
                "  WHERE q.conversation_id = c.id AND q.superseded_by IS NULL"
                "  AND q.question ILIKE %(like)s))"
                " ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s",
                {
                    "owner": owner,
                    "after": after,
                    "limit": limit,
                    "sought": sought,
                    "like": f"%{_literally(sought)}%",
                },
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


def _literally(text: str) -> str:
    """Return a LIKE pattern that is the text itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
