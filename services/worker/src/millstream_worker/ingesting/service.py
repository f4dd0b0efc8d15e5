"""The jobs of the queue ``ingest``."""

import logging
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Any, Final, TypeVar

from millstream_contract.errors import ContractError, OtherEmbeddings
from millstream_contract.jobs import INGEST_QUEUE, INGEST_TASK, IngestJob
from millstream_contract.ledger.documents import Document, Documents
from millstream_worker.ingesting.document import (
    Interrupted,
    PassageEmbedder,
    ingest,
    waiting_document,
)
from millstream_worker.ingesting.patience import with_patience
from millstream_worker.model_errors import ModelError
from millstream_worker.observing.checks import answers

logger = logging.getLogger(__name__)

T = TypeVar("T")
Send = Callable[[IngestJob], None]

_PAUSE_FOR_OTHERS_SECONDS: Final = 1.0
"""How long a job that another worker must do is left on the queue before this one looks again."""


class IngestService:
    """Ingests documents, and sees to it that all vectors are of one endpoint.

    The endpoint of a process that starts is the one to use: documents embedded by another are
    embedded again. A process that is overtaken so (a rolling change) puts its jobs back.
    """

    task = INGEST_TASK
    queue = INGEST_QUEUE
    further: Mapping[str, Callable[..., None]]

    def __init__(
        self,
        documents: Documents,
        embedder: PassageEmbedder,
        send: Send,
        *,
        concurrency: int,
        patience_seconds: float,
        release: Callable[[], None] = lambda: None,
        further: Mapping[str, Callable[..., None]] | None = None,
    ) -> None:
        """Use these; ``release`` is called by ``close``.

        patience_seconds: how long a document waits for an endpoint or a ledger that is away.
        """
        self.concurrency = concurrency
        self._documents = documents
        self._embedder = embedder
        self._send = send
        self._patience_seconds = patience_seconds
        self._release = release
        self.further = further or {}
        self._stopping = Event()
        self._adopting = Lock()
        self._adopted = False
        self._starter = Thread(target=self._adopt_at_start, name="adopt-embeddings")

    def start(self) -> None:
        """Begin to ingest what waits, or was embedded by another endpoint, without being asked."""
        self._starter.start()

    def do(self, document_id: str, *_: Any) -> None:
        """Ingest a document. What goes wrong is written to it, with a reason to act on."""
        try:
            document = self._patiently(lambda: waiting_document(self._documents, document_id))
            if document is not None:
                self._ingest(document)
        except ContractError as error:
            if not error.retryable or not self._stopping.is_set():
                raise
            self._send(IngestJob(document_id))
        except Interrupted:
            self._send(IngestJob(document_id))

    def check(self) -> dict[str, str]:
        """Look at PostgreSQL; the queue is Redis itself."""
        return {"postgresql": answers(self._documents.embeddings_endpoint)}

    def drain(self) -> None:
        """Let running jobs go back to the queue."""
        self._stopping.set()

    def close(self) -> None:
        """End the thread and release what was opened for the service."""
        self._stopping.set()
        if self._starter.is_alive():
            self._starter.join()
        self._release()

    def _ingest(self, document: Document) -> None:
        try:
            self._patiently(lambda: self._ingest_once(document))
        except OtherEmbeddings as error:
            self._put_back(document, error)
        except ModelError as error:
            if error.retryable and self._stopping.is_set():
                raise Interrupted from error
            logger.warning("%s cannot be embedded", document.source, exc_info=True)
            reason = self._reason(error)
            self._patiently(lambda: self._documents.fail(document, reason))

    def _ingest_once(self, document: Document) -> None:
        self._adopt()
        held = self._documents.embeddings_endpoint()
        if held != self._embedder.endpoint:
            raise OtherEmbeddings(held)
        ingest(self._documents, document, self._embedder, self._stopping)

    def _adopt(self) -> None:
        """Make this endpoint the one of all vectors, once in the life of the process."""
        with self._adopting:
            if self._adopted:
                return
            dimensions = len(self._embedder.embed_passages(["How long is a vector?"])[0])
            stale = self._documents.use_embeddings_of(self._embedder.endpoint, dimensions)
            if stale:
                logger.info("%d documents are to be embedded by another endpoint", len(stale))
            # Not only those: a queue that was lost with its Redis is filled again here. A job
            # that comes twice does nothing the second time.
            for document_id in self._documents.pending():
                self._send(IngestJob(document_id))
            self._adopted = True

    def _adopt_at_start(self) -> None:
        try:
            self._patiently(self._adopt)
        except (ModelError, ContractError) as error:
            logger.warning("the endpoint of all vectors is looked at with the first job: %s", error)

    def _put_back(self, document: Document, error: OtherEmbeddings) -> None:
        logger.warning(
            "%s is left for a worker of another endpoint: this one is %s: %s",
            document.source,
            self._embedder.endpoint,
            error,
        )
        self._stopping.wait(_PAUSE_FOR_OTHERS_SECONDS)
        self._send(IngestJob(document.id))

    def _patiently(self, act: Callable[[], T]) -> T:
        return with_patience(
            act, patience_seconds=self._patience_seconds, away=_is_away, stopping=self._stopping
        )

    def _reason(self, error: ModelError) -> str:
        said = "; ".join(str(argument) for argument in error.args)
        what = f"the embeddings endpoint {self._embedder.endpoint}"
        if error.retryable:
            return (
                f"{what} did not answer for {self._patience_seconds:g} s ({said});"
                " ingest the document again when it does"
            )
        return f"{what} refused its text ({said})"


def _is_away(error: Exception) -> bool:
    return isinstance(error, ContractError | ModelError) and error.retryable
