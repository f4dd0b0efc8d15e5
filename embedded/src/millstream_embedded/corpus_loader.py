"""Puts the demo corpus into the ledger, with the vectors that were shipped for it."""

from collections.abc import Sequence

from millstream_contract.jobs import IngestJob
from millstream_contract.ledger.documents import Chunk, Documents
from millstream_contract.ledger.pool import Pool, ledger_connection, open_pool
from millstream_embedded.corpus_documents import (
    SOURCE_PREFIX,
    VECTORS,
    CorpusDocument,
    corpus_documents,
)
from millstream_embedded.shipped_vectors import ShippedVectors
from millstream_worker.celery_app import celery_app
from millstream_worker.ingesting.chunker import text_to_embed


def load_corpus(database_url: str, embeddings_endpoint: str) -> list[str]:
    """Load what is new or changed; return the ids of documents that the ingest queue must embed.

    Nothing happens to a ledger that holds documents of its owner's.
    """
    with open_pool(database_url, size=1) as pool:
        if _holds_other_documents(pool):
            return []
        ledger = Documents(pool)
        vectors = ShippedVectors.read(VECTORS)
        fits = vectors.endpoint == embeddings_endpoint
        if fits:
            ledger.use_embeddings_of(vectors.endpoint, vectors.dimensions)
        return [
            document_id
            for document in corpus_documents()
            if (document_id := _put(ledger, document, vectors if fits else None))
        ]


def send_to_ingest(redis_url: str, document_ids: Sequence[str]) -> None:
    """Let the ingest worker embed these documents."""
    with celery_app(redis_url) as queue:
        for document_id in document_ids:
            job = IngestJob(document_id)
            queue.send_task(job.task, job.arguments(), queue=job.queue)


def _put(ledger: Documents, document: CorpusDocument, vectors: ShippedVectors | None) -> str | None:
    """Store a document; return its id if it still needs vectors."""
    document_id, is_new = ledger.put(
        document.source, document.title, document.media_type, document.content
    )
    if not is_new:
        return None
    chunks = _chunks(document, vectors) if vectors else None
    if chunks is None or not ledger.replace_chunks(ledger.get(document_id), chunks):
        return document_id
    return None


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
