"""Documents in the ledger: stored once, replaced whole, found by meaning and by words."""

import math
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from millstream_contract.errors import NotFound, OtherEmbeddings
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.documents import Chunk, Document, Documents

DIMENSIONS = 8


@pytest.fixture
def documents(ledger: Ledger) -> Documents:
    ledger.documents.use_embeddings_of("e5", DIMENSIONS)
    return ledger.documents


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


def test_a_stored_document_waits_until_it_has_its_chunks(documents: Documents) -> None:
    document = put(documents, "/a")
    assert (document.status, document.error) == ("pending", None)
    assert documents.pending() == [document.id]

    documents.replace_chunks(document, [Chunk("P", "words", towards(0))], endpoint="e5")

    assert documents.statuses([document.id, "doc_x"]) == {document.id: ("ready", None)}
    assert documents.pending() == []


def test_every_connection_goes_on_scanning_until_it_has_enough(ledger: Ledger) -> None:
    with ledger.pool.connection() as connection:
        row = connection.execute("SHOW hnsw.iterative_scan").fetchone()

    assert row == {"hnsw.iterative_scan": "strict_order"}


def test_the_same_content_is_left_as_it_is(documents: Documents) -> None:
    document = store(documents, "/a", Chunk("", "words", towards(0)))

    again, must_be_chunked = documents.put("/a", "A", "text/plain", "text")

    assert (again, must_be_chunked) == (document.id, False)
    assert documents.statuses([document.id])[document.id] == ("ready", None)


@pytest.mark.parametrize(
    ("media_type", "content"), [("text/plain", "other"), ("text/html", "text")]
)
def test_what_is_read_otherwise_must_be_chunked_again_and_is_found_until_then(
    documents: Documents, media_type: str, content: str
) -> None:
    document = store(documents, "/a", Chunk("", "words", towards(0)))

    again, must_be_chunked = documents.put("/a", "A", media_type, content)

    assert (again, must_be_chunked) == (document.id, True)
    assert [passage.text for passage in documents.search("words", towards(0), 3)] == ["words"]


def test_new_chunks_replace_the_old_ones(documents: Documents) -> None:
    document = store(documents, "/a", *(Chunk("", f"old {n}", towards(0)) for n in range(3)))

    documents.replace_chunks(document, [Chunk("", "new", towards(0))], endpoint="e5")

    assert [passage.text for passage in documents.search("old", towards(0), 9)] == ["new"]


def test_chunks_of_a_content_that_has_changed_are_refused(documents: Documents) -> None:
    old = put(documents, "/a", "old")
    put(documents, "/a", "new")

    assert not documents.replace_chunks(old, [Chunk("", "old", towards(0))], endpoint="e5")
    assert not documents.fail(old, "reason")

    assert documents.get(old.id).status == "pending"
    assert documents.search("old", towards(0), 3) == []


def test_a_failure_keeps_its_reason_until_the_document_is_put_again(documents: Documents) -> None:
    document = put(documents, "/a")

    assert documents.fail(document, "no answer")

    assert documents.statuses([document.id]) == {document.id: ("failed", "no answer")}
    assert documents.put("/a", "A", "text/plain", "text") == (document.id, True)
    assert documents.statuses([document.id]) == {document.id: ("pending", None)}


def test_a_remark_stays_with_a_document_that_has_nothing_to_find(documents: Documents) -> None:
    document = put(documents, "/a")
    documents.replace_chunks(document, [], endpoint="e5", remark="only links")

    documents.put("/a", "A", "text/plain", "text")

    assert documents.statuses([document.id]) == {document.id: ("ready", "only links")}


def test_an_unknown_document_is_not_found(documents: Documents) -> None:
    with pytest.raises(NotFound):
        documents.get("doc_unknown")


def test_one_source_put_by_many_at_once_is_one_document(documents: Documents) -> None:
    with ThreadPoolExecutor(10) as threads:
        ids = threads.map(lambda n: documents.put("/a", "A", "text/plain", f"{n % 2}"), range(20))

    assert len({document_id for document_id, _ in ids}) == 1


def test_vectors_of_another_endpoint_are_never_mixed_in(documents: Documents) -> None:
    document = put(documents, "/a")

    with pytest.raises(OtherEmbeddings, match="e5"):
        documents.replace_chunks(document, [Chunk("", "x", towards(0))], endpoint="other")

    assert documents.get(document.id).status == "pending"


def test_before_the_first_endpoint_no_vector_is_taken(ledger: Ledger) -> None:
    document = put(ledger.documents, "/a")
    assert ledger.documents.embeddings_endpoint() is None

    with pytest.raises(OtherEmbeddings):
        ledger.documents.replace_chunks(document, [], endpoint="e5")


@pytest.mark.parametrize("dimensions", [DIMENSIONS, 16, 3072])
def test_another_endpoint_makes_all_documents_wait_to_be_embedded_again(
    documents: Documents, dimensions: int
) -> None:
    ready = store(documents, "/a", Chunk("", "words", towards(0)))
    put(documents, "/b")

    stale = documents.use_embeddings_of("other", dimensions)

    assert stale == [ready.id]
    assert documents.use_embeddings_of("other", dimensions) == []
    assert documents.embeddings_endpoint() == "other"
    vector = [1.0] + [0.0] * (dimensions - 1)
    assert documents.search("words", vector, 3) == []
    again = documents.get(ready.id)
    assert documents.replace_chunks(again, [Chunk("", "words", vector)], endpoint="other")
    assert [passage.text for passage in documents.search("words", vector, 3)] == ["words"]


def test_documents_stored_while_the_endpoint_changes_end_in_one_space(documents: Documents) -> None:
    stored = [put(documents, f"/{n}") for n in range(20)]

    def embed(document: Document) -> None:
        try:
            documents.replace_chunks(document, [Chunk("", "x", towards(0))], endpoint="e5")
        except OtherEmbeddings:
            return

    with ThreadPoolExecutor(8) as threads:
        before = threads.map(embed, stored[:10])
        change = threads.submit(documents.use_embeddings_of, "other", DIMENSIONS)
        after = threads.map(embed, stored[10:])
        assert list(before) + list(after) == [None] * 20
        change.result()

    assert set(documents.pending()) == {document.id for document in stored}
    assert documents.search("x", towards(0), 50) == []


def test_a_passage_carries_its_document_its_place_and_its_cosine(documents: Documents) -> None:
    document = store(documents, "/guide", Chunk("Redis > Life", "An hour.", towards(0)))

    (passage,) = documents.search("anything else", towards(0, of=0.8), 5)

    assert (passage.number, passage.document_id) == (1, document.id)
    assert (passage.title, passage.place, passage.text) == ("Guide", "Redis > Life", "An hour.")
    assert passage.score == pytest.approx(0.8, abs=1e-6)


def test_the_nearest_come_first(documents: Documents) -> None:
    store(documents, "/a", *(Chunk("", f"c{n}", towards(0, of=n / 10)) for n in range(10)))

    found = documents.search("nothing of it", towards(0), 4)

    assert [passage.text for passage in found] == ["c9", "c8", "c7", "c6"]
    assert [passage.number for passage in found] == [1, 2, 3, 4]
    assert [round(passage.score, 6) for passage in found] == [0.9, 0.8, 0.7, 0.6]


def test_all_words_found_lift_a_passage(documents: Documents) -> None:
    near = [Chunk("", f"near {n}", towards(0, of=0.9 - n / 100)) for n in range(6)]
    store(documents, "/a", *near, Chunk("Keys", "The visibility timeout.", towards(0, of=0.7)))

    found = documents.search("visibility timeout", towards(0), 3)

    assert "The visibility timeout." in [passage.text for passage in found]


def test_words_of_the_headings_count(documents: Documents) -> None:
    far = [Chunk("", f"near {n}", towards(0, of=0.9 - n / 100)) for n in range(30)]
    store(documents, "/a", *far, Chunk("Visibility timeout", "One hour.", towards(3)))

    found = documents.search("visibility timeouts", towards(0), 5)

    assert "One hour." in [passage.text for passage in found]


@pytest.mark.parametrize("words", ["", "the of", "'\"(!&|:*", "a & !b | <-> \\", "\u2028 x" * 500])
def test_no_question_breaks_the_search(documents: Documents, words: str) -> None:
    store(documents, "/a", Chunk("", "words", towards(0)))

    assert [passage.text for passage in documents.search(words, towards(0), 3)] == ["words"]


def test_an_empty_ledger_finds_nothing(documents: Documents) -> None:
    assert documents.search("anything", towards(0), 5) == []


def test_the_index_finds_what_an_exact_search_finds_among_many(
    ledger: Ledger, documents: Documents
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
        found = documents.search("zzz", vector, 5)
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
