"""Passages in the ledger: found by meaning and by words, whatever is asked."""

import random

import pytest

from millstream_contract.ledger import Ledger
from millstream_contract.ledger.documents import Chunk, Documents
from millstream_contract.ledger.passages import Passages
from tests.integration.contract.stored_documents import DIMENSIONS, put, store, towards


def test_every_connection_goes_on_scanning_until_it_has_enough(ledger: Ledger) -> None:
    with ledger.pool.connection() as connection:
        row = connection.execute("SHOW hnsw.iterative_scan").fetchone()

    assert row == {"hnsw.iterative_scan": "strict_order"}


def test_a_passage_carries_its_document_its_place_and_its_cosine(
    documents: Documents, passages: Passages
) -> None:
    document = store(documents, "/guide", Chunk("Redis > Life", "An hour.", towards(0)))

    (passage,) = passages.search("anything else", towards(0, of=0.8), 5)

    assert (passage.number, passage.document_id) == (1, document.id)
    assert (passage.title, passage.place, passage.text) == ("Guide", "Redis > Life", "An hour.")
    assert passage.score == pytest.approx(0.8, abs=1e-6)


def test_the_nearest_come_first(documents: Documents, passages: Passages) -> None:
    store(documents, "/a", *(Chunk("", f"c{n}", towards(0, of=n / 10)) for n in range(10)))

    found = passages.search("nothing of it", towards(0), 4)

    assert [passage.text for passage in found] == ["c9", "c8", "c7", "c6"]
    assert [passage.number for passage in found] == [1, 2, 3, 4]
    assert [round(passage.score, 6) for passage in found] == [0.9, 0.8, 0.7, 0.6]


def test_all_words_found_lift_a_passage(documents: Documents, passages: Passages) -> None:
    near = [Chunk("", f"near {n}", towards(0, of=0.9 - n / 100)) for n in range(6)]
    store(documents, "/a", *near, Chunk("Keys", "The visibility timeout.", towards(0, of=0.7)))

    found = passages.search("visibility timeout", towards(0), 3)

    assert "The visibility timeout." in [passage.text for passage in found]


def test_words_of_the_headings_count(documents: Documents, passages: Passages) -> None:
    far = [Chunk("", f"near {n}", towards(0, of=0.9 - n / 100)) for n in range(30)]
    store(documents, "/a", *far, Chunk("Visibility timeout", "One hour.", towards(3)))

    found = passages.search("visibility timeouts", towards(0), 5)

    assert "One hour." in [passage.text for passage in found]


@pytest.mark.parametrize("words", ["", "the of", "'\"(!&|:*", "a & !b | <-> \\", "\u2028 x" * 500])
def test_no_question_breaks_the_search(
    documents: Documents, passages: Passages, words: str
) -> None:
    store(documents, "/a", Chunk("", "words", towards(0)))

    assert [passage.text for passage in passages.search(words, towards(0), 3)] == ["words"]


def test_an_empty_ledger_finds_nothing(passages: Passages) -> None:
    assert passages.search("anything", towards(0), 5) == []


def test_the_index_finds_what_an_exact_search_finds_among_many(
    ledger: Ledger, documents: Documents, passages: Passages
) -> None:
    numbers = random.Random(7)
    for number in range(150):
        chunks = [
            Chunk("", f"n{number} {at}", [numbers.gauss(0, 1) for _ in range(DIMENSIONS)])
            for at in range(4)
        ]
        assert documents.replace_chunks(put(documents, f"/{number}"), chunks, endpoint="e5")

    hits = 0
    for _ in range(10):
        vector = [numbers.gauss(0, 1) for _ in range(DIMENSIONS)]
        with ledger.pool.connection() as connection:
            exact = connection.execute(
                "SELECT content FROM chunks ORDER BY 1 - (embedding <=> %s::vector) DESC LIMIT 5",
                [str(vector)],
            ).fetchall()
        found = passages.search("zzz", vector, 5)
        assert len(found) == 5
        hits += len({row["content"] for row in exact} & {passage.text for passage in found})
    assert hits >= 45


def test_the_search_is_served_by_the_indexes(ledger: Ledger, documents: Documents) -> None:
    with ledger.pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT id FROM chunks WHERE embedding IS NOT NULL"
            " ORDER BY embedding <=> %s::vector LIMIT 5",
            [str(towards(0))],
        ).fetchall()

    assert any("chunks_embedding" in row["QUERY PLAN"] for row in plan)
