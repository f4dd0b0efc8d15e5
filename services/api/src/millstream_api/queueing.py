"""The API's end of the queue: jobs are sent by name, and never block a request for long."""

import logging

from celery import Celery
from kombu.exceptions import OperationalError

from millstream_contract.jobs import SHARED_CELERY_SETTINGS, Job

logger = logging.getLogger(__name__)


class JobQueue:
    """Sends jobs to the workers."""

    def __init__(self, redis_url: str, *, timeout_seconds: float) -> None:
        """Use Redis as the broker; a hung server fails a send after ``timeout_seconds``."""
        self._celery = Celery("millstream", broker=redis_url, set_as_current=False)
        self._celery.conf.update(
            SHARED_CELERY_SETTINGS,
            broker_connection_timeout=timeout_seconds,
            broker_transport_options={
                # Without it a send to a Redis that hangs would block for ever.
                "socket_timeout": timeout_seconds,
                "socket_connect_timeout": 1.0,
                "max_connections": 200,
            },
        )

    def send(self, job: Job) -> bool:
        """Send a job; False when Redis is away. The ledger knows the question all the same."""
        try:
            self._celery.send_task(
                job.task,
                args=job.arguments(),
                queue=job.queue,
                ignore_result=True,
                # A lost send is found and sent again from the ledger; a retry here would only
                # hold the caller.
                retry=False,
            )
        except (OperationalError, OSError) as error:
            logger.warning("%s was not enqueued: %s", job, error)
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self._celery.close()
