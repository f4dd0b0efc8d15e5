"""The answering service: what a process on the queue of answers is made of."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from celery import Celery
from kombu.exceptions import OperationalError

from millstream_contract.broker_keys import BrokerKeys
from millstream_contract.errors import LogUnavailable
from millstream_contract.jobs import ANSWER_QUEUE, ANSWER_TASK, AnswerJob
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.reaper import Reaper
from millstream_contract.redis_connection import redis_client, subscriber_client
from millstream_contract.token_log import TokenLog
from millstream_contract.tracing import Tracing
from millstream_contract.work_board import Capacity, WorkBoard
from millstream_worker.answering.answerer import Answerer
from millstream_worker.answering.background import open_background
from millstream_worker.answering.chat import ChatModel
from millstream_worker.answering.heartbeat import Heartbeat
from millstream_worker.answering.reaping import Reaping
from millstream_worker.answering.stopping import RunningAnswers, StopReason, WishListener
from millstream_worker.answering.tools import Models
from millstream_worker.embeddings import Embeddings
from millstream_worker.observing.answer_traces import AnswerTracer
from millstream_worker.observing.checks import answers
from millstream_worker.observing.metrics import AnswerMetrics
from millstream_worker.observing.mlflow_traces import MlflowTraces, mlflow_is_on
from millstream_worker.settings import AnswerSettings
from millstream_worker.workspace import open_workspace

logger = logging.getLogger(__name__)

# For the heartbeat, the reaper, the listener and the background.
_SPARE_CONNECTIONS: Final = 5

_BEATS_PER_LEASE: Final = 4

_ANNOUNCED_LEASES: Final = 3
"""For so many leases what a worker can do is counted on, when it says nothing more."""


class AnswerService:
    """Answers questions: the clients, the pool and the threads of one process."""

    task = ANSWER_TASK
    queue = ANSWER_QUEUE

    def __init__(
        self, settings: AnswerSettings, app: Celery, metrics: AnswerMetrics, tracing: Tracing
    ) -> None:
        """Open everything; close() releases it. Raises ValueError without a workspace."""
        self.concurrency = settings.answers_concurrency
        self.further: Mapping[str, Callable[..., None]] = {}
        self._app = app
        self._metrics = metrics
        self._running = RunningAnswers()
        models = _models(settings)
        self._pool = open_pool(
            settings.database_url,
            size=settings.answers_concurrency + _SPARE_CONNECTIONS,
            wait_seconds=settings.ledger_wait_seconds,
        )
        self._ledger = ledger = Ledger.of(self._pool)
        self._redis = redis_client(
            settings.redis_url,
            timeout_seconds=settings.redis_timeout_seconds,
            # What an answer's log is written over, and what its thread needs for moments.
            most_connections=2 * settings.answers_concurrency + _SPARE_CONNECTIONS,
        )
        self._subscriber = subscriber_client(settings.redis_url)
        board = WorkBoard(self._redis, lease_seconds=settings.lease_seconds)
        self._listener = WishListener(self._subscriber, ledger, self._running)
        self._renewing = redis_client(
            settings.redis_url, timeout_seconds=settings.redis_timeout_seconds
        )
        self._capacity = Capacity(self._renewing)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._heartbeat = Heartbeat(
            board,
            WorkBoard(self._renewing, lease_seconds=settings.lease_seconds),
            ledger,
            every_seconds=settings.lease_seconds / _BEATS_PER_LEASE,
            also=lambda: self._announce(_ANNOUNCED_LEASES * settings.lease_seconds),
        )
        self._log = TokenLog(self._redis)
        self._reaping = Reaping(
            Reaper(board, BrokerKeys(self._redis), self._log, ledger, self._send_again),
            self._listener.catch_up,
        )
        self._background = open_background()
        self._mlflow = MlflowTraces(ledger.responses.keep_mlflow_trace) if mlflow_is_on() else None
        self._answerer = Answerer(
            ledger,
            self._log,
            board,
            models,
            self._running,
            self._heartbeat,
            settings,
            self._background,
            self._enqueue,
            metrics,
            self._capacity,
            AnswerTracer(tracing, self._mlflow),
        )
        self._listener.start()
        self._heartbeat.start()
        self._reaping.start()

    @classmethod
    def open(
        cls, settings: AnswerSettings, app: Celery, metrics: AnswerMetrics, tracing: Tracing
    ) -> Self:
        """Open the service in this process; ``metrics`` count what it does."""
        return cls(settings, app, metrics, tracing)

    def do(self, *arguments: Any) -> None:
        """Answer one question: its response's id, and the attempt."""
        response_id, attempt = arguments
        self._answerer.answer(AnswerJob(str(response_id), int(attempt)))

    def check(self) -> dict[str, str]:
        """Look at PostgreSQL and Redis, and tell how the last request to the model ended."""
        return {
            "postgresql": answers(self._ledger.ping),
            "redis": answers(self._log.ping),
            "model": self._answerer.model_state,
        }

    def drain(self) -> None:
        """Hand running answers over to another worker."""
        self._running.stop_all(StopReason.HANDED_OVER)

    def close(self) -> None:
        """Release clients, pool and threads."""
        self._background.shutdown()
        if self._mlflow is not None:
            self._mlflow.close()
        self._reaping.close()
        self._heartbeat.close()
        self._withdraw()
        self._listener.close()
        self._subscriber.close()
        self._renewing.close()
        self._redis.close()
        self._pool.close()

    def _send_again(self, job: AnswerJob) -> bool:
        self._metrics.sent_again.labels("worker" if job.attempt > 1 else "message").inc()
        return self._enqueue(job)

    def _announce(self, seconds: float) -> None:
        self._capacity.announce(self._name, self.concurrency, seconds)

    def _withdraw(self) -> None:
        try:
            self._capacity.withdraw(self._name, self.concurrency)
        except LogUnavailable as error:
            logger.debug("what this worker can do is forgotten by itself: %s", error)

    def _enqueue(self, job: AnswerJob, traceparent: str | None = None) -> bool:
        try:
            self._app.send_task(
                job.task,
                job.arguments(),
                queue=job.queue,
                headers={"traceparent": traceparent} if traceparent else None,
                ignore_result=True,
                retry=False,
            )
        except (OperationalError, OSError) as error:
            # It is in line on the board: a reaper finds that its message is missing.
            logger.warning("%s: no message could be sent: %s", job.response_id, error)
            return False
        return True


def _models(settings: AnswerSettings) -> Models:
    workspace = open_workspace(
        timeout_seconds=settings.embeddings_query_timeout_seconds,
        connections=settings.answers_concurrency,
    )
    embeddings = Embeddings(
        workspace.api_client,
        settings.embeddings_endpoint,
        batch_texts=settings.embeddings_batch_texts,
        input_type=settings.embeddings_input_type,
    )
    return Models(ChatModel(workspace, settings), embeddings)
