"""Documents, their chunks, and the search over them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from millstream_contract.errors import NotFound, OtherEmbeddings
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.pool import Connection, Pool, ledger_connection
from millstream_contract.objects import Passage

Vector = Sequence[float]

_HNSW_MAX_DIMENSIONS: Final = 2000
"""pgvector's HNSW takes no longer ``vector``; beyond it the search is exact, and slower."""

_RRF_K: Final = 60
"""Reciprocal rank fusion's constant, as in the paper that introduced it (Cormack et al., 2009)."""


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
                [new_id("doc"), source, title, media_type, content, content_hash(content)],
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
            _reshape(connection, dimensions)
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

    def search(self, words: str, vector: Vector, limit: int) -> list[Passage]:
        """Return the best chunks for a question: nearest by cosine, and all words found.

        The two lists are joined by reciprocal rank. ``score`` of a passage is its cosine.
        """
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                _SEARCH,
                {
                    "words": words,
                    "vector": vector_text(vector),
                    "limit": limit,
                    "k": _RRF_K,
                    "pool": 4 * limit,
                },
            ).fetchall()
        return [
            Passage(number=number, **{name: row[name] for name in _PASSAGE_COLUMNS})
            for number, row in enumerate(rows, start=1)
        ]


_PASSAGE_COLUMNS: Final = ("document_id", "title", "place", "text", "score")

_SEARCH: Final = """
WITH near AS (
    SELECT id, row_number() OVER (ORDER BY distance) AS rank FROM (
        SELECT id, embedding <=> %(vector)s::vector AS distance FROM chunks
        WHERE embedding IS NOT NULL ORDER BY distance LIMIT %(pool)s) nearest
), found AS (
    SELECT id, row_number() OVER (ORDER BY relevance DESC, id) AS rank FROM (
        SELECT id, ts_rank_cd(words, query) AS relevance
        FROM chunks, websearch_to_tsquery('english', %(words)s) query
        WHERE words @@ query AND embedding IS NOT NULL
        ORDER BY relevance DESC, id LIMIT %(pool)s) matching
), fused AS (
    SELECT id, sum(1.0 / (%(k)s + rank)) AS fusion
    FROM (SELECT * FROM near UNION ALL SELECT * FROM found) both_lists GROUP BY id
)
SELECT c.document_id, d.title, c.place, c.content AS text,
       1 - (c.embedding <=> %(vector)s::vector) AS score
FROM fused JOIN chunks c USING (id) JOIN documents d ON d.id = c.document_id
ORDER BY fusion DESC, score DESC, c.id LIMIT %(limit)s
"""


def content_hash(content: str) -> str:
    """Return the SHA-256 of a document's text, in hex."""
    return hashlib.sha256(content.encode()).hexdigest()


def vector_text(vector: Vector) -> str:
    """Return a vector in pgvector's text form."""
    return "[" + ",".join(format(value, ".7g") for value in vector) + "]"


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


def _reshape(connection: Connection, dimensions: int) -> None:
    connection.execute("DROP INDEX IF EXISTS chunks_embedding")
    connection.execute(
        sql.SQL("ALTER TABLE chunks ALTER COLUMN embedding TYPE vector({}) USING NULL").format(
            sql.Literal(dimensions)
        )
    )
    if dimensions <= _HNSW_MAX_DIMENSIONS:
        connection.execute(
            "CREATE INDEX chunks_embedding ON chunks USING hnsw (embedding vector_cosine_ops)"
        )
