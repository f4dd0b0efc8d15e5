"""Documents in the ledger: stored once, replaced whole, never in two spaces of vectors."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from millstream_contract.errors import NotFound, OtherEmbeddings
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.documents import Chunk, Document, Documents
from millstream_contract.ledger.passages import Passages
from tests.integration.contract.stored_documents import DIMENSIONS, put, store, towards


def test_a_stored_document_waits_until_it_has_its_chunks(documents: Documents) -> None:
    document = put(documents, "/a")
    assert (document.status, document.error) == ("pending", None)
    assert documents.pending() == [document.id]

    documents.replace_chunks(document, [Chunk("P", "words", towards(0))], endpoint="e5")

    assert documents.statuses([document.id, "doc_x"]) == {document.id: ("ready", None)}
    assert documents.pending() == []


def test_the_same_content_is_left_as_it_is(documents: Documents) -> None:
    document = store(documents, "/a", Chunk("", "words", towards(0)))

    again, must_be_chunked = documents.put("/a", "A", "text/plain", "text")

    assert (again, must_be_chunked) == (document.id, False)
    assert documents.statuses([document.id])[document.id] == ("ready", None)


@pytest.mark.parametrize(
    ("media_type", "content"), [("text/plain", "other"), ("text/html", "text")]
)
def test_what_is_read_otherwise_must_be_chunked_again_and_is_found_until_then(
    documents: Documents, passages: Passages, media_type: str, content: str
) -> None:
    document = store(documents, "/a", Chunk("", "words", towards(0)))

    again, must_be_chunked = documents.put("/a", "A", media_type, content)

    assert (again, must_be_chunked) == (document.id, True)
    assert [passage.text for passage in passages.search("words", towards(0), 3)] == ["words"]


def test_new_chunks_replace_the_old_ones(documents: Documents, passages: Passages) -> None:
    document = store(documents, "/a", *(Chunk("", f"old {n}", towards(0)) for n in range(3)))

    documents.replace_chunks(document, [Chunk("", "new", towards(0))], endpoint="e5")

    assert [passage.text for passage in passages.search("old", towards(0), 9)] == ["new"]


def test_chunks_of_a_content_that_has_changed_are_refused(
    documents: Documents, passages: Passages
) -> None:
    old = put(documents, "/a", "old")
    put(documents, "/a", "new")

    assert not documents.replace_chunks(old, [Chunk("", "old", towards(0))], endpoint="e5")
    assert not documents.fail(old, "reason")

    assert documents.get(old.id).status == "pending"
    assert passages.search("old", towards(0), 3) == []


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


def test_the_documents_are_listed_with_what_can_be_found_of_them(documents: Documents) -> None:
    store(documents, "/b", *(Chunk("", f"words {n}", towards(0)) for n in range(2)))
    put(documents, "/a")

    listed = [(one.source, one.status, one.passages) for one in documents.stored()]

    assert listed == [("/a", "pending", 0), ("/b", "ready", 2)]


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("/a", ["/a", "/a/b", "/a/b/c"]),
        ("/a/", ["/a/b", "/a/b/c"]),
        ("/a/b", ["/a/b", "/a/b/c"]),
        ("/a%", ["/a%"]),
        ("demo:", ["demo:x", "demo:y/z"]),
        ("demo:y", ["demo:y/z"]),
        ("/", ["/a", "/a%", "/a/b", "/a/b/c", "/ab"]),
        ("a", []),
    ],
)
def test_a_document_and_all_below_it_are_removed_and_found_no_more(
    documents: Documents, passages: Passages, name: str, gone: list[str]
) -> None:
    everything = ["/a", "/a%", "/a/b", "/a/b/c", "/ab", "demo:x", "demo:y/z"]
    for source in everything:
        store(documents, source, Chunk("", f"words of {source}", towards(0)))

    assert documents.remove(name) == gone

    left = [source for source in everything if source not in gone]
    assert [one.source for one in documents.stored()] == left
    found = {passage.text for passage in passages.search("words", towards(0), 20)}
    assert found == {f"words of {source}" for source in left}


def test_what_is_removed_while_it_is_ingested_stays_away(documents: Documents) -> None:
    document = put(documents, "/a")

    documents.remove("/a")

    assert not documents.replace_chunks(document, [Chunk("", "w", towards(0))], endpoint="e5")
    assert documents.stored() == []


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
    documents: Documents, passages: Passages, dimensions: int
) -> None:
    ready = store(documents, "/a", Chunk("", "words", towards(0)))
    put(documents, "/b")

    stale = documents.use_embeddings_of("other", dimensions)

    assert stale == [ready.id]
    assert documents.use_embeddings_of("other", dimensions) == []
    assert documents.embeddings_endpoint() == "other"
    vector = [1.0] + [0.0] * (dimensions - 1)
    assert passages.search("words", vector, 3) == []
    again = documents.get(ready.id)
    assert documents.replace_chunks(again, [Chunk("", "words", vector)], endpoint="other")
    assert [passage.text for passage in passages.search("words", vector, 3)] == ["words"]


def test_documents_stored_while_the_endpoint_changes_end_in_one_space(
    documents: Documents, passages: Passages
) -> None:
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
    assert passages.search("x", towards(0), 50) == []
