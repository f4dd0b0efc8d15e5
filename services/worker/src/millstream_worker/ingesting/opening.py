"""Puts the ingest service together from its settings."""

from millstream_contract.jobs import FEEDBACK_TASK
from millstream_contract.ledger import Ledger, open_pool
from millstream_worker.celery_app import celery_app
from millstream_worker.embeddings import Embeddings
from millstream_worker.ingesting.sending import job_sender
from millstream_worker.ingesting.service import IngestService
from millstream_worker.observing.feedback import feedback_passer
from millstream_worker.settings import IngestSettings
from millstream_worker.workspace import open_workspace


def open_ingest_service(settings: IngestSettings) -> IngestService:
    """Return the service, begun; call it in the process that works, and close it.

    Raises ValueError when the environment names no workspace.
    """
    workspace = open_workspace(
        timeout_seconds=settings.embeddings_passages_timeout_seconds,
        connections=settings.ingest_concurrency + 1,
    )
    embeddings = Embeddings(
        workspace.api_client,
        settings.embeddings_endpoint,
        batch_texts=settings.embeddings_batch_texts,
        input_type=settings.embeddings_input_type,
    )
    pool = open_pool(
        settings.database_url,
        size=settings.ingest_concurrency + 1,
        wait_seconds=settings.ledger_wait_seconds,
        # Indexing a long document's chunks, or all vectors anew, is one statement.
        reply_seconds=600,
    )
    ledger = Ledger.of(pool)
    service = IngestService(
        ledger.documents,
        embeddings,
        job_sender(celery_app(settings.redis_url)),
        concurrency=settings.ingest_concurrency,
        patience_seconds=settings.ingest_patience_seconds,
        release=pool.close,
        further={FEEDBACK_TASK: feedback_passer(ledger)},
    )
    service.start()
    return service
