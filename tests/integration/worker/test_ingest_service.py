"""The ingest service over a real ledger; what the endpoint does is written in each test."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from millstream_contract.jobs import IngestJob
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Documents
from millstream_worker.ingesting.service import IngestService
from millstream_worker.model_errors import ModelRefused, ModelUnavailable
from tests.harness.deadlines import eventually, scaled

Vectors = list[list[float]]


class Endpoint:
    """An embeddings endpoint that does what a test says, after its dimensions were asked for."""

    def __init__(self, act: Callable[[], None] = lambda: None, endpoint: str = "first") -> None:
        self.endpoint = endpoint
        self.calls = 0
        self._act = act

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.calls += 1
        if self.calls > 1:
            self._act()
        return [[1.0, *[0.0] * 3] for _ in texts]


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_pool(database_url, size=3) as pool:
        yield Ledger.of(pool)


@pytest.fixture
def documents(ledger: Ledger) -> Documents:
    return ledger.documents


def service_of(
    documents: Documents, endpoint: Endpoint, sent: list[IngestJob], patience_seconds: float = 0.1
) -> IngestService:
    return IngestService(
        documents, endpoint, sent.append, concurrency=1, patience_seconds=patience_seconds
    )


def put(documents: Documents, content: str = "Text.") -> str:
    return documents.put("/x.md", "X", "text/markdown", content)[0]


def raise_(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_a_job_that_comes_twice_does_nothing_the_second_time(documents: Documents) -> None:
    endpoint = Endpoint()
    service = service_of(documents, endpoint, [])
    document_id = put(documents)

    service.do(document_id)
    calls = endpoint.calls
    service.do(document_id)

    assert documents.get(document_id).status == "ready"
    assert endpoint.calls == calls


def test_a_job_for_a_document_that_is_gone_does_nothing(documents: Documents) -> None:
    endpoint = Endpoint()

    service_of(documents, endpoint, []).do("doc_gone")

    assert endpoint.calls == 0


def test_a_document_that_changes_meanwhile_is_left_for_its_own_job(ledger: Ledger) -> None:
    documents = ledger.documents
    service = service_of(documents, Endpoint(lambda: changed.append(put(documents, "New."))), [])
    changed: list[str] = []
    document_id = put(documents, "Old.")

    service.do(document_id)

    assert changed == [document_id]
    assert documents.get(document_id).status == "pending"
    assert ledger.passages.search("old", [1.0, 0.0, 0.0, 0.0], 5) == []


def test_an_endpoint_that_stays_away_fails_the_document_with_a_reason_to_act_on(
    documents: Documents,
) -> None:
    service = service_of(documents, Endpoint(raise_(ModelUnavailable("no route"))), [])
    document_id = put(documents)

    service.do(document_id)

    document = documents.get(document_id)
    assert document.status == "failed"
    assert document.error == (
        "the embeddings endpoint first did not answer for 0.1 s (no route);"
        " ingest the document again when it does"
    )


def test_a_refusal_fails_the_document_at_once_with_what_was_said(documents: Documents) -> None:
    refusing = Endpoint(raise_(ModelRefused("input too long")))
    service = service_of(documents, refusing, [], patience_seconds=3600)
    document_id = put(documents)

    service.do(document_id)

    assert documents.get(document_id).error == (
        "the embeddings endpoint first refused its text (input too long)"
    )


def test_a_failed_document_is_ingested_when_it_is_put_again(documents: Documents) -> None:
    document_id = put(documents)
    service_of(documents, Endpoint(raise_(ModelRefused("no"))), []).do(document_id)

    again, is_changed = documents.put("/x.md", "X", "text/markdown", "Text.")
    service_of(documents, Endpoint(), []).do(document_id)

    assert (again, is_changed) == (document_id, True)
    assert documents.get(document_id).status == "ready"


def test_a_service_that_drains_puts_its_document_back(documents: Documents) -> None:
    sent: list[IngestJob] = []
    asked = Event()

    def away() -> None:
        asked.set()
        raise ModelUnavailable("away")

    service = service_of(documents, Endpoint(away), sent, patience_seconds=3600)
    document_id = put(documents)
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(service.do, document_id)
        assert asked.wait(scaled(10))
        sent.clear()

        service.drain()
        job.result(scaled(10))

    assert sent == [IngestJob(document_id)]
    assert documents.get(document_id).status == "pending"


def test_a_service_that_starts_sends_what_waits(documents: Documents) -> None:
    sent: list[IngestJob] = []
    document_id = put(documents)
    service = service_of(documents, Endpoint(), sent)

    service.start()
    service.close()

    assert sent == [IngestJob(document_id)]


def test_a_process_with_another_endpoint_takes_all_vectors_over_and_the_first_one_steps_back(
    documents: Documents,
) -> None:
    sent: list[IngestJob] = []
    first, second = Endpoint(), Endpoint(endpoint="second")
    old, new = service_of(documents, first, sent), service_of(documents, second, sent)
    old.do(document_id := put(documents))
    assert documents.embeddings_endpoint() == "first"
    sent.clear()

    new.start()
    eventually("the document to be sent again", lambda: sent)
    old.do(document_id)
    assert sent == [IngestJob(document_id)] * 2
    assert documents.get(document_id).status == "pending"
    new.do(document_id)
    new.close()

    assert documents.get(document_id).status == "ready"
    assert documents.embeddings_endpoint() == "second"
