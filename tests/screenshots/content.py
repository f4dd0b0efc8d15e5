"""What the pictures show: a few documents about Millstream itself, and answers from them."""

from bench.scripted_model.embeddings import embed
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Chunk
from tests.harness.api_client import ApiClient
from tests.harness.corpus import DIMENSIONS, EMBEDDINGS_ENDPOINT

# Each passage shares words with the question, so that the search finds it.
_DOCUMENTS: dict[str, dict[str, str]] = {
    "Architecture": {
        "The flows > A worker is killed, or freezes": "When a worker is killed, its leases are no"
        " longer renewed. Every answering worker looks for expired ones twice a second, and one of"
        " them sends the message of the next attempt. It takes over the log, reads the answer so"
        " far from it, and goes on behind it while the reader watches.",
    },
    "Glossary": {
        "Who works on it > Lease": "A lease is an attempt's sign of life. A killed worker renews it"
        " no more; whoever finds it expired enqueues the answer again, and it happens once.",
    },
    "Recovery": {
        "Fences > A worker that wakes up": "A worker that was frozen, and not killed, writes no"
        " more of its answer when it wakes up: its attempt number is lower than the log's.",
    },
}

QUESTION = "What happens when a worker is killed while it writes an answer?"
ANSWER = """A killed worker shows as **a short pause**, and nothing of the answer is lost [3].

1. Its *lease* is no longer renewed. It expires within two seconds [2].
2. Any worker or API process finds it; each looks twice a second.
3. The next attempt takes over the token log and goes on **behind the last word** [3].

| | lost | doubled | wrong |
| --- | ---: | ---: | ---: |
| `kill -9` of a worker | 0 | 0 | 0 |

A worker that wakes up again is shut out by the attempt number, its *fence* [1].

```python
def append(frames: list[Frame], attempt: int) -> Reply:
    if attempt < log.attempt:  # somebody else goes on
        return Reply.FENCED
    return log.add(frames)
```
"""
FOLLOW_UP = "And when the whole of Redis is wiped while an answer is written?"
FOLLOW_UP_ANSWER = """The worker has every frame of its answer in memory. When Redis is back, it
learns from the log how many frames are missing, asks the ledger whether the attempt is still its
own, and sends them again under the same numbers [1]. A reader sees a pause at most.
"""
UNANSWERABLE = "Which bananas ripen in warm weather?"
SUGGESTIONS = (
    "What happens when a worker is killed?",
    "Why is PostgreSQL the truth, and not Redis?",
    "How does a stop reach the model?",
)
EARLIER = {
    "How does a stop reach the model?": 0,
    "Leases, fences and attempts": 0,
    "Why one subscription for all viewers?": 1,
    "Cursors over HTTP and WebSocket": 1,
    "Sizing the worker pool": 4,
    "Lakebase instead of PostgreSQL": 5,
}
"""Titles of conversations, and how many days ago they began."""


def load(database_url: str) -> None:
    """Store the documents in a migrated database."""
    with open_pool(database_url, size=1) as pool:
        documents = Ledger.of(pool).documents
        documents.use_embeddings_of(EMBEDDINGS_ENDPOINT, DIMENSIONS)
        for title, passages in _DOCUMENTS.items():
            text = "\n\n".join(passages.values())
            document_id, _ = documents.put(f"{title}.md", title, "text/markdown", text)
            chunks = [
                Chunk(place=place, content=content, embedding=embed(content, DIMENSIONS))
                for place, content in passages.items()
            ]
            documents.replace_chunks(documents.get(document_id), chunks)


def add_history(client: ApiClient, database_url: str) -> None:
    """Store the titles of earlier conversations."""
    for title, days in reversed(EARLIER.items()):
        made = client.http.post("/v1/conversations", json={"title": title}).json()
        with open_pool(database_url, size=1) as pool, pool.connection() as connection:
            connection.execute(
                "UPDATE conversations SET created_at = created_at - make_interval(days => %s)"
                " WHERE id = %s",
                [days, made["id"]],
            )
