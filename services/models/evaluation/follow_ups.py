"""Measures ways to search for a follow-up question, over the demo corpus and its shipped vectors.

    python services/models/evaluation/follow_ups.py

topic      passages of the four nearest that are on the topic, of 4 for each pair
whole      pairs of which all four are
none       pairs of which nothing would be kept (cosine below 0.82, or no word in common)
refused    pairs for which `extractive`, asked in these words, says that the passages do not answer
"""

# ruff: noqa: T201 - a script that prints a table

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from millstream_contract.objects import Passage
from millstream_embedded.corpus_documents import VECTORS, corpus_documents
from millstream_embedded.shipped_vectors import ShippedVectors
from millstream_models.embedder import Embedder
from millstream_models.extractive import REFUSAL, ExtractiveEndpoint
from millstream_models.prompt import Passage as PromptPassage
from millstream_models.prompt import Prompt
from millstream_worker.answering.condensing import standalone
from millstream_worker.answering.content_words import content_words
from millstream_worker.answering.grading import helpful, shortened
from millstream_worker.answering.prompt import Message
from millstream_worker.ingesting.chunker import text_to_embed

PAIRS: Final = (
    ("What is autovacuum?", "and how do I turn it off?", "autovac"),
    ("What does VACUUM do?", "and when should I run it?", "vacuum"),
    ("What is a partial index?", "When are they useful?", "partial"),
    ("How does JSONB differ from JSON?", "Which one is faster?", "json"),
    ("How do I take a backup with pg_dump?", "And how do I restore it?", "restor"),
    ("What is row level security?", "how do I enable it?", "row"),
    ("What is logical replication?", "What are its restrictions?", "replication"),
    ("What is LISTEN?", "What about NOTIFY?", "notify"),
)
NEAREST: Final = 4
FOUND: Final = 8
LEAST_COSINE: Final = 0.82

Way = Callable[[str, str], str]
WAYS: Final[dict[str, Way]] = {
    "the question alone": lambda _, question: question,
    "the previous question, then it": lambda before, question: f"{before} {question}",
    "key words of both": lambda before, question: " ".join(
        dict.fromkeys([*content_words(question), *content_words(before)])
    ),
    "it, then the topic's words": lambda before, question: (
        f"{question} {' '.join(content_words(before))}"
    ),
    "as it is done": lambda before, question: standalone(question, [Message("user", before)]),
}


Embedded = tuple[Passage, Sequence[float]]


def corpus() -> list[Embedded]:
    """Give the passages with their vectors."""
    vectors = ShippedVectors.read(VECTORS)
    found: list[Embedded] = []
    for document in corpus_documents():
        for chunk in document.chunks():
            vector = vectors.find(text_to_embed(document.title, chunk))
            if vector is not None:
                passage = Passage(
                    number=1,
                    document_id=document.source,
                    title=document.title,
                    place=chunk.place,
                    text=chunk.content,
                    score=0.0,
                )
                found.append((passage, vector))
    return found


def nearest(passages: Sequence[Embedded], query: Sequence[float]) -> list[Passage]:
    """Give the passages nearest to a query, best first."""
    scored = [
        passage.model_copy(
            update={"score": sum(float(a) * float(b) for a, b in zip(vector, query, strict=True))}
        )
        for passage, vector in passages
    ]
    return sorted(scored, key=lambda passage: -passage.score)[:FOUND]


async def row(way: Way, passages: Sequence[Embedded], embedder: Embedder) -> list[int]:
    """Give the figures of one way."""
    extractive = ExtractiveEndpoint(embedder, default_max_tokens=200, pieces_per_second=0)
    topic = whole = none = refused = 0
    for before, question, sign in PAIRS:
        query = way(before, question)
        [vector] = await embedder.embed([query], "query")
        found = nearest(passages, [float(number) for number in vector])
        texts = [f"{p.title} {p.place} {p.text}".lower() for p in found[:NEAREST]]
        on_topic = sum(sign in text for text in texts)
        topic, whole = topic + on_topic, whole + (on_topic == NEAREST)
        none += not helpful(query, found[:NEAREST], LEAST_COSINE)
        kept = shortened(query, helpful(query, found, LEAST_COSINE), 3, 700)
        given = tuple(PromptPassage(p.number, p.title, p.text) for p in kept)
        refused += await extractive.answer(Prompt(query, given)) == REFUSAL
    return [topic, whole, none, refused]


async def measure() -> None:
    """Print one row for each way."""
    passages = corpus()
    embedder = Embedder(threads=2, cache_entries=1000)
    await embedder.load()
    print(f"{len(passages)} passages, {len(PAIRS)} pairs\n\nway | topic | whole | none | refused")
    for name, way in WAYS.items():
        print(name, *await row(way, passages, embedder), sep=" | ")


if __name__ == "__main__":
    asyncio.run(measure())
