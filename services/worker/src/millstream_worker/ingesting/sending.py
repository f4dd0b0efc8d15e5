"""Sends ingest jobs to the queue."""

from collections.abc import Callable

from celery import Celery
from kombu.exceptions import OperationalError
from redis import RedisError

from millstream_contract.errors import LogUnavailable
from millstream_contract.jobs import IngestJob


def job_sender(app: Celery) -> Callable[[IngestJob], None]:
    """Return a function that sends a job once, and raises LogUnavailable when Redis is away."""

    def send(job: IngestJob) -> None:
        try:
            app.send_task(
                job.task, job.arguments(), queue=job.queue, retry=False, ignore_result=True
            )
        except (OperationalError, RedisError, OSError) as error:
            raise LogUnavailable(str(error)) from error

    return send
