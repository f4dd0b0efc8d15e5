"""Ingests one document: cut, embed, store. What comes of it is in the document's own row."""

import logging
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from millstream_contract.errors import NotFound
from millstream_contract.ledger.documents import Chunk, Document, Documents
from millstream_worker.ingesting.chunker import TextChunk, chunk_document, text_to_embed

logger = logging.getLogger(__name__)

NOTHING_TO_FIND: Final = "there is nothing to find in it: no text, or only links to other pages"

_BATCH: Final = 100
"""Texts embedded between two looks at whether the process is to end."""


class PassageEmbedder(Protocol):
    """Makes vectors of passages; ``endpoint`` names who does."""

    endpoint: str

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the vectors of passages, in their order."""


class Interrupted(Exception):
    """The process is to end: the document is left for another."""


class Stopping(Protocol):
    """Tells whether the process is to end; a ``threading.Event`` does."""

    def is_set(self) -> bool:
        """Return True from then on."""


def waiting_document(documents: Documents, document_id: str) -> Document | None:
    """Return the document if it is still to be ingested: a job may come twice, or too late."""
    try:
        document = documents.get(document_id)
    except NotFound:
        logger.info("%s is gone, nothing to ingest", document_id)
        return None
    return document if document.status != "ready" else None


def ingest(
    documents: Documents, document: Document, embedder: PassageEmbedder, stopping: Stopping
) -> None:
    """Make the document's passages and their vectors, and store them.

    Raises LedgerUnavailable, OtherEmbeddings, what the embedder raises, and Interrupted.
    """
    try:
        chunks = chunk_document(document.title, document.media_type, document.content)
    except (ValueError, RecursionError) as error:
        logger.warning("%s cannot be read", document.source, exc_info=True)
        documents.fail(document, f"it cannot be read: {error}")
        return
    vectors = list(_vectors(document, chunks, embedder, stopping))
    stored = documents.replace_chunks(
        document,
        [
            Chunk(chunk.place, chunk.content, vector)
            for chunk, vector in zip(chunks, vectors, strict=True)
        ],
        endpoint=embedder.endpoint,
        remark=None if chunks else NOTHING_TO_FIND,
    )
    if stored:
        logger.info("%s: %d passages", document.source, len(chunks))
    else:
        logger.info("%s has changed meanwhile: its own job will come", document.source)


def _vectors(
    document: Document, chunks: Sequence[TextChunk], embedder: PassageEmbedder, stopping: Stopping
) -> Iterator[list[float]]:
    for begin in range(0, len(chunks), _BATCH):
        if stopping.is_set():
            raise Interrupted
        batch = chunks[begin : begin + _BATCH]
        yield from embedder.embed_passages([text_to_embed(document.title, c) for c in batch])
