"""The search for passages: chunks of all documents, by meaning and by words."""

from typing import Final

from millstream_contract.ledger.embedding_space import Vector, vector_text
from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.objects import Passage

_RRF_K: Final = 60
"""Reciprocal rank fusion's constant, as in the paper that introduced it (Cormack et al., 2009)."""

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


class Passages:
    """What can be found in the ledger. Raises LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

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
