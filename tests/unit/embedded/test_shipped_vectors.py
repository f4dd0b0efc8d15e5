from pathlib import Path

import pytest

from millstream_embedded.corpus_documents import (
    VECTORS,
    CorpusDocument,
    corpus_documents,
    postgresql_documents,
)
from millstream_embedded.settings import LOCAL_EMBEDDINGS_ENDPOINT
from millstream_embedded.shipped_vectors import ShippedVectors
from millstream_worker.ingesting.chunker import text_to_embed


def test_vectors_come_back_from_the_file_as_near_as_half_precision(tmp_path: Path) -> None:
    made = ShippedVectors.of("some-endpoint", 3, [("a", (0.1, -0.5, 1e-3)), ("b", (0, 1, 0))])

    made.write(tmp_path / "vectors.jsonl")
    read = ShippedVectors.read(tmp_path / "vectors.jsonl")

    assert (read.endpoint, read.dimensions) == ("some-endpoint", 3)
    assert read.find("a") == pytest.approx((0.1, -0.5, 1e-3), rel=1e-3)
    assert read.find("b") == (0, 1, 0)
    assert read.find("c") is None


def test_the_same_vectors_give_the_same_file(tmp_path: Path) -> None:
    entries = [("a", (0.5,)), ("b", (0.25,))]

    ShippedVectors.of("e", 1, entries).write(tmp_path / "one")
    ShippedVectors.of("e", 1, reversed(entries)).write(tmp_path / "other")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("document", list(postgresql_documents()), ids=lambda one: one.source)
def test_every_passage_of_the_demo_corpus_has_a_vector(document: CorpusDocument) -> None:
    vectors = ShippedVectors.read(VECTORS)

    missing = [
        chunk.place
        for chunk in document.chunks()
        if vectors.find(text_to_embed(document.title, chunk)) is None
    ]

    assert document.chunks()
    assert not missing, "run scripts/corpus_vectors.py"


def test_the_vectors_are_of_the_endpoint_that_is_started() -> None:
    assert ShippedVectors.read(VECTORS).endpoint == LOCAL_EMBEDDINGS_ENDPOINT


def test_every_document_has_a_source_and_a_title_of_its_own() -> None:
    documents = corpus_documents()

    assert len({document.source for document in documents}) == len(documents)
    assert all(document.title for document in documents)


def test_the_corpus_comes_with_its_licence() -> None:
    licence = (VECTORS.parent / "postgresql/LICENSE").read_text("utf-8")

    assert "PostgreSQL Global Development Group" in licence
