"""Documents, and the chunks that they are embedded and found as."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from millstream_contract.errors import NotFound, OtherEmbeddings
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.embedding_space import Vector, reshape, vector_text
from millstream_contract.ledger.pool import Connection, Pool, ledger_connection


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document.

    content: its text, as it was given.
    error: why it is "failed"; or, when it is "ready", why nothing of it can be found.
    """

    id: str
    source: str
    title: str
    media_type: str
    content: str
    content_hash: str
    status: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What a listing tells of a document; ``passages`` counts what of it can be found."""

    source: str
    status: str
    passages: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, as it is embedded and retrieved; ``place`` is its headings."""

    place: str
    content: str
    embedding: Vector | None


class Documents:
    """The documents in the ledger. All methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def put(self, source: str, title: str, media_type: str, content: str) -> tuple[str, bool]:
        """Store a document under its source; return its id, and whether it must be (re)chunked.

        A document with the same content that is ready already is left as it is.
        """
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "INSERT INTO documents AS d (id, source, title, media_type, content, content_hash)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (source) DO UPDATE SET title = excluded.title,"
                "  media_type = excluded.media_type, content = excluded.content,"
                "  content_hash = excluded.content_hash, updated_at = now(),"
                "  error = CASE WHEN d.status = 'ready' THEN d.error END,"
                "  status = CASE WHEN d.content_hash = excluded.content_hash AND"
                "   d.media_type = excluded.media_type AND d.status = 'ready'"
                "   THEN 'ready' ELSE 'pending' END"
                " RETURNING id, status",
                [new_id("doc"), source, title, media_type, content, _hash(content)],
            ).fetchone()
        assert row is not None  # noqa: S101 -- INSERT ... RETURNING gives its row
        return row["id"], row["status"] == "pending"

    def get(self, document_id: str) -> Document:
        """Return a document, or raise NotFound."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "SELECT id, source, title, media_type, content, content_hash, status, error"
                " FROM documents WHERE id = %s",
                [document_id],
            ).fetchone()
        if row is None:
            raise NotFound(document_id)
        return Document(**row)

    def statuses(self, document_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Return each document's status and error."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT id, status, error FROM documents WHERE id = ANY(%s)", [list(document_ids)]
            ).fetchall()
        return {row["id"]: (row["status"], row["error"]) for row in rows}

    def stored(self) -> list[Stored]:
        """Return all documents, by their sources."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT source, status, count(c.id) AS passages"
                " FROM documents d LEFT JOIN chunks c ON c.document_id = d.id"
                ' GROUP BY d.id ORDER BY source COLLATE "C"'
            ).fetchall()
        return [Stored(**row) for row in rows]

    def remove(self, name: str) -> list[str]:
        """Delete the document with this source, and all below it; return their sources.

        Below ``/a`` is ``/a/b``; a name that ends with a slash or a colon is what all begin with.
        A job for one of them finds nothing to do. Answers keep what they were made from.
        """
        beginning = name if name.endswith(("/", ":")) else f"{name}/"
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "DELETE FROM documents WHERE source = %s OR starts_with(source, %s)"
                " RETURNING source",
                [name, beginning],
            ).fetchall()
        return sorted(row["source"] for row in rows)

    def pending(self) -> list[str]:
        """Return the ids of all documents that wait to be ingested, the oldest first."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT id FROM documents WHERE status = 'pending' ORDER BY updated_at, id"
            ).fetchall()
        return [row["id"] for row in rows]

    def replace_chunks(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        *,
        endpoint: str | None = None,
        remark: str | None = None,
    ) -> bool:
        """Make these the document's chunks, and the document ready.

        endpoint: who made the vectors; OtherEmbeddings is raised, and nothing done, when the
        ledger holds another's (None: not checked).
        remark: why nothing of the document can be found, if that is so.
        False, and nothing done, when its content has changed since it was read.
        """
        with ledger_connection(self._pool) as connection, connection.transaction():
            # Also the lock against use_embeddings_of, which takes the same one first.
            row = connection.execute("SELECT endpoint FROM embedding_space FOR SHARE").fetchone()
            if endpoint is not None and (row is None or row["endpoint"] != endpoint):
                raise OtherEmbeddings(row["endpoint"] if row else "none yet")
            changed = connection.execute(
                "UPDATE documents SET status = 'ready', error = %s, updated_at = now()"
                " WHERE id = %s AND content_hash = %s",
                [remark, document.id, document.content_hash],
            )
            if changed.rowcount != 1:
                return False
            connection.execute("DELETE FROM chunks WHERE document_id = %s", [document.id])
            _insert_chunks(connection, document.id, chunks)
            return True

    def fail(self, document: Document, reason: str) -> bool:
        """Write down why a document could not be ingested.

        False, and nothing done, when its content has changed since it was read.
        """
        with ledger_connection(self._pool) as connection:
            changed = connection.execute(
                "UPDATE documents SET status = 'failed', error = %s, updated_at = now()"
                " WHERE id = %s AND content_hash = %s",
                [reason, document.id, document.content_hash],
            )
            return changed.rowcount == 1

    def embeddings_endpoint(self) -> str | None:
        """Return whose vectors the ledger holds, or None before the first."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute("SELECT endpoint FROM embedding_space").fetchone()
        return str(row["endpoint"]) if row else None

    def use_embeddings_of(self, endpoint: str, dimensions: int) -> list[str]:
        """Make this the model of all vectors; return the ids of documents to embed again.

        Vectors of another model are dropped in the same transaction, so that no search ever
        compares the two.
        """
        with ledger_connection(self._pool) as connection, connection.transaction():
            connection.execute("LOCK TABLE embedding_space IN EXCLUSIVE MODE")
            row = connection.execute("SELECT endpoint, dimensions FROM embedding_space").fetchone()
            if row and (row["endpoint"], row["dimensions"]) == (endpoint, dimensions):
                return []
            reshape(connection, dimensions)
            connection.execute(
                "INSERT INTO embedding_space (endpoint, dimensions) VALUES (%(e)s, %(d)s)"
                " ON CONFLICT (singleton) DO UPDATE SET endpoint = %(e)s, dimensions = %(d)s",
                {"e": endpoint, "d": dimensions},
            )
            stale = connection.execute(
                "UPDATE documents SET status = 'pending', error = NULL"
                " WHERE status = 'ready' RETURNING id"
            ).fetchall()
        return [row["id"] for row in stale]


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _insert_chunks(connection: Connection, document_id: str, chunks: Sequence[Chunk]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO chunks (id, document_id, ordinal, place, content, embedding)"
            " VALUES (%s, %s, %s, %s, %s, %s::vector)",
            [
                (
                    new_id("chunk"),
                    document_id,
                    ordinal,
                    chunk.place,
                    chunk.content,
                    None if chunk.embedding is None else vector_text(chunk.embedding),
                )
                for ordinal, chunk in enumerate(chunks)
            ],
        )
