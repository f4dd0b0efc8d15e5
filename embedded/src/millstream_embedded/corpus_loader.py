"""Puts the demo corpus into the ledger, with the vectors that were shipped for it.

``python -m millstream_embedded.corpus_loader`` does it for a ledger that is elsewhere.
"""

import os
import sys

from millstream_contract.ledger.documents import Chunk, Documents
from millstream_contract.ledger.pool import Pool, ledger_connection, open_pool
from millstream_embedded.corpus_documents import (
    SOURCE_PREFIX,
    VECTORS,
    CorpusDocument,
    corpus_documents,
)
from millstream_embedded.shipped_vectors import ShippedVectors
from millstream_worker.ingesting.chunker import text_to_embed


def load_corpus(database_url: str, embeddings_endpoint: str) -> int:
    """Load what is new or changed; return how many documents still need vectors.

    The ingest worker looks for those when it starts. Nothing happens to a ledger that holds
    documents of its owner's.
    """
    # Indexing a document's chunks is one statement, and this machine may be busy.
    with open_pool(database_url, size=1, reply_seconds=600) as pool:
        if _holds_other_documents(pool):
            return 0
        ledger = Documents(pool)
        vectors = ShippedVectors.read(VECTORS)
        fits = vectors.endpoint == embeddings_endpoint
        if fits:
            ledger.use_embeddings_of(vectors.endpoint, vectors.dimensions)
        usable = vectors if fits else None
        return sum(not _is_ready(ledger, document, usable) for document in corpus_documents())


def _is_ready(ledger: Documents, document: CorpusDocument, vectors: ShippedVectors | None) -> bool:
    """Store a document, with its passages if all their vectors are known."""
    document_id, is_new = ledger.put(
        document.source, document.title, document.media_type, document.content
    )
    if not is_new:
        return True
    chunks = _chunks(document, vectors) if vectors else None
    if vectors is None or chunks is None:
        return False
    return ledger.replace_chunks(ledger.get(document_id), chunks, endpoint=vectors.endpoint)


def _chunks(document: CorpusDocument, vectors: ShippedVectors) -> list[Chunk] | None:
    """Return the passages with their vectors; None when one has none."""
    chunks = []
    for chunk in document.chunks():
        vector = vectors.find(text_to_embed(document.title, chunk))
        if vector is None:
            return None
        chunks.append(Chunk(chunk.place, chunk.content, vector))
    return chunks


def _holds_other_documents(pool: Pool) -> bool:
    with ledger_connection(pool) as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM documents WHERE NOT starts_with(source, %s)) AS found",
            [SOURCE_PREFIX],
        ).fetchone()
    return bool(row and row["found"])


def main() -> int:
    """Load into the ledger that the environment names, say what was done; return the exit code."""
    named = [os.environ.get(name) for name in ("DATABASE_URL", "MILLSTREAM_EMBEDDINGS_ENDPOINT")]
    url, endpoint = (name or "" for name in named)
    if not (url and endpoint):
        sys.stderr.write("DATABASE_URL and MILLSTREAM_EMBEDDINGS_ENDPOINT must be set\n")
        return 2
    waiting = load_corpus(url, endpoint)
    sys.stdout.write(f"demo corpus loaded; {waiting} documents wait for the ingest worker\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
