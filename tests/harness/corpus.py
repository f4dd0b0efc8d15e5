"""A few passages for tests to ask about, with the vectors that the scripted model gives them."""

from bench.scripted_model.embeddings import embed
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Chunk

EMBEDDINGS_ENDPOINT = "scripted-embeddings"
DIMENSIONS = 384

PASSAGES = {
    # Every directive says "script" or "tokens", so this passage is found for each question with
    # one, and the model is asked: a question for which nothing is found never reaches it.
    "Scripted answers": "A script gives the tokens of an answer, so that a test knows the text.",
    "The token log": "The token log is a Redis stream; each event stands in it once.",
    "The relay": "The relay reads the log from a cursor, fills every hole from it, drops repeats.",
    "Leases": "A worker renews its lease; when it expires, another attempt goes on.",
    "Stopping": "A stop is written to PostgreSQL first and closes the request to the model.",
}
UNANSWERABLE = "Which bananas ripen in warm weather?"
"""A question that shares no word with any passage."""


def load_corpus(database_url: str) -> None:
    """Store the passages, one document each, in a migrated database."""
    with open_pool(database_url, size=1) as pool:
        documents = Ledger.of(pool).documents
        documents.use_embeddings_of(EMBEDDINGS_ENDPOINT, DIMENSIONS)
        for title, text in PASSAGES.items():
            document_id, _ = documents.put(f"{title}.md", title, "text/markdown", text)
            chunk = Chunk(place=title, content=text, embedding=embed(f"{title} {text}", DIMENSIONS))
            documents.replace_chunks(documents.get(document_id), [chunk])
