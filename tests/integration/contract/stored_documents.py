"""Documents with vectors of a few dimensions, whose nearness is plain to see."""

import math

from millstream_contract.ledger.documents import Chunk, Document, Documents

DIMENSIONS = 8


def towards(direction: int, of: float = 1.0) -> list[float]:
    """A unit vector with this cosine to the given axis."""
    vector = [0.0] * DIMENSIONS
    vector[direction] = of
    vector[(direction + 1) % DIMENSIONS] += math.sqrt(1 - of * of)
    return vector


def put(documents: Documents, source: str, content: str = "text") -> Document:
    document_id, _ = documents.put(source, source.strip("/").title(), "text/plain", content)
    return documents.get(document_id)


def store(documents: Documents, source: str, *chunks: Chunk) -> Document:
    document = put(documents, source)
    assert documents.replace_chunks(document, chunks, endpoint="e5")
    return document
