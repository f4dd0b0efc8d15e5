"""Runs a service in a Celery worker on a pool of threads, until SIGTERM or SIGINT."""

import logging
import socket
import threading
import warnings
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.exceptions import Reject, SecurityWarning

from millstream_contract.log_lines import LogFormat, set_up_log_lines
from millstream_worker.observing.beat import BEAT_EVERY_SECONDS
from millstream_worker.observing.metrics import WorkerMetrics
from millstream_worker.observing.observed import Observed
from millstream_worker.service import Service

logger = logging.getLogger(__name__)


def run_worker(
    app: Celery,
    service: Service,
    *,
    grace_seconds: float,
    observed: Observed,
) -> int:
    """Do the service's jobs; return the process's exit code.

    On a first SIGTERM no job is begun any more, and running ones may go on for ``grace_seconds``;
    then the service is told to let them end.
    """
    stopping = threading.Event()
    for name, do in {service.task: service.do, **service.further}.items():
        task = _task(name, do, stopping, observed.metrics)
        app.task(name=name, ignore_result=True)(task)
    observed.metrics.slots.set(service.concurrency)
    beat = observed.beat
    drain = threading.Timer(grace_seconds, service.drain)
    drain.daemon = True

    def on_ready(sender: Any, **_: Any) -> None:
        # Celery's loop serves its timers itself: when it is stuck, so are they.
        sender.timer.call_repeatedly(BEAT_EVERY_SECONDS, beat.beat)
        beat.is_ready = True
        logger.info(
            "ready: takes jobs from queue %r, %d at a time", service.queue, service.concurrency
        )

    def on_shutting_down(**_: Any) -> None:
        logger.info("stopping: running jobs may go on for %g s", grace_seconds)
        stopping.set()
        beat.end()
        drain.start()

    signals.worker_ready.connect(on_ready, weak=False)
    signals.worker_shutting_down.connect(on_shutting_down, weak=False)
    try:
        with observed.answering_probes(service.check):
            return _run(app, service)
    finally:
        drain.cancel()
        service.close()
        observed.tracing.close()
        logger.info("stopped")


def set_up_logging(level: str, format_: LogFormat = "text") -> None:
    """Print readable lines to stderr; keep Celery from arranging it otherwise."""
    # A connected receiver of this signal is how Celery is told to leave logging alone.
    signals.setup_logging.connect(_leave_logging_alone)
    set_up_log_lines(level, format_, "%(asctime)s %(levelname)-7s %(message)s")
    # They tell of every job and every request, with arguments.
    for chatty in ("celery", "kombu", "httpx", "openai", "databricks"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _leave_logging_alone(**_: Any) -> None:
    return None


def _task(
    name: str, do_it: Callable[..., None], stopping: threading.Event, metrics: WorkerMetrics
) -> Any:
    def do(*arguments: Any) -> None:
        # Celery hears SIGTERM at its next event only, which may be another job.
        if stopping.is_set():
            raise Reject("this worker shuts down", requeue=True)
        with metrics.doing(name):
            do_it(*arguments)

    return do


def _run(app: Celery, service: Service) -> int:
    # It warns of pickle under root; no pickle is accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        hostname=f"{service.queue}@{socket.gethostname()}",
        quiet=True,
        # Threads: a stream needs about 1 MB, a process of its own about 150 MB.
        pool="threads",
        concurrency=service.concurrency,
        queues=[service.queue],
        # Workers need not know of each other: that is what the ledger and the leases are for.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
