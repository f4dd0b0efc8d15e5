"""The space of all vectors in the ledger: how they are written, and the column that holds them."""

from collections.abc import Sequence
from typing import Final

from psycopg import sql

from millstream_contract.ledger.pool import Connection

Vector = Sequence[float]

_HNSW_MAX_DIMENSIONS: Final = 2000
"""pgvector's HNSW takes no longer ``vector``; beyond it the search is exact, and slower."""


def vector_text(vector: Vector) -> str:
    """Return a vector in pgvector's text form."""
    return "[" + ",".join(format(value, ".7g") for value in vector) + "]"


def reshape(connection: Connection, dimensions: int) -> None:
    """Give all vectors these dimensions, in the caller's transaction; those there are dropped."""
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
