"""The API's end of the queue: jobs are sent by name, and never block a request for long."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from kombu.transport import redis as kombu_redis
from kombu.utils.json import dumps
from redis import ResponseError
from redis.client import Pipeline

from millstream_contract.broker_tls import broker_tls
from millstream_contract.foreign_keys import delete_foreign, is_wrong_type
from millstream_contract.jobs import SHARED_CELERY_SETTINGS, Job

logger = logging.getLogger(__name__)

_pipeline: ContextVar[Pipeline | None] = ContextVar("pipeline", default=None)


class PipelinedChannel(kombu_redis.Channel):
    """A channel whose messages may go out in a pipeline of ours, among other calls to Redis."""

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """Tell which queues messages of an exchange go to: the one of its name."""
        return [(exchange, "", exchange)]

    def _queue_bind(self, *_: Any) -> None:
        # Nothing to note in Redis, where somebody might change it.
        return None

    def _size(self, queue: str) -> int:
        # Asked before each message goes out.
        try:
            return int(super()._size(queue))
        except ResponseError as error:
            if not is_wrong_type(error):
                raise
        # Reapers do so, too, but the queue of documents has none.
        with self.conn_or_acquire() as client:
            for step in self.priority_steps:
                delete_foreign(client, self._q_for_pri(queue, step), "list")  # type: ignore[attr-defined]  # stubs lag
        return 0

    def _put(self, queue: str, message: dict[str, Any], **settings: Any) -> None:
        calls = _pipeline.get()
        if calls is None:
            super()._put(queue, message, **settings)
        else:
            priority = self._get_message_priority(message, reverse=False)
            key = self._q_for_pri(queue, priority)  # type: ignore[attr-defined]  # stubs lag
            calls.lpush(key, dumps(message))


class PipelinedTransport(kombu_redis.Transport):
    """kombu's transport over Redis, with that channel."""

    Channel = PipelinedChannel


class JobQueue:
    """Sends jobs to the workers."""

    def __init__(self, redis_url: str, *, timeout_seconds: float) -> None:
        """Use Redis as the broker; a hung server fails a send after ``timeout_seconds``."""
        self._celery = Celery("millstream", broker=redis_url, set_as_current=False)
        self._celery.conf.update(
            SHARED_CELERY_SETTINGS,
            broker_connection_timeout=timeout_seconds,
            broker_use_ssl=broker_tls(redis_url),
            broker_transport=f"{__name__}:{PipelinedTransport.__name__}",
            broker_transport_options={
                # Without it a send to a Redis that hangs would block for ever.
                "socket_timeout": timeout_seconds,
                "socket_connect_timeout": 1.0,
                "max_connections": 200,
            },
        )

    def send(self, job: Job, traceparent: str | None = None) -> bool:
        """Send a job; False when Redis is away. The ledger knows the question all the same.

        traceparent: the trace that it belongs to; it goes with the message, as a header.
        """
        try:
            self._celery.send_task(
                job.task,
                args=job.arguments(),
                queue=job.queue,
                headers={"traceparent": traceparent} if traceparent else None,
                ignore_result=True,
                # A lost send is found and sent again from the ledger; a retry here would only
                # hold the caller.
                retry=False,
            )
        except (OperationalError, OSError) as error:
            logger.warning("%s was not enqueued: %s", job, error)
            return False
        return True

    def send_in(self, calls: Pipeline, job: Job, traceparent: str | None = None) -> bool:
        """Put the message into a pipeline, which sends it; False when Redis is away."""
        with _sending_in(calls):
            return self.send(job, traceparent)

    def close(self) -> None:
        """Close the connections."""
        self._celery.close()


@contextmanager
def _sending_in(calls: Pipeline) -> Iterator[None]:
    before = _pipeline.set(calls)
    try:
        yield
    finally:
        _pipeline.reset(before)
