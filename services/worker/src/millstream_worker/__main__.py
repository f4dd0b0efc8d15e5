"""``python -m millstream_worker answers|ingest``: one worker process, put together here.

What it runs is imported here and nowhere before, and heavy libraries come in before any client or
thread exists; a process that takes documents in never loads the graph or the chat client.
"""

import argparse
import gc
import logging
import os
import sys
import time

from celery import Celery
from pydantic import ValidationError

from millstream_contract.tracing import open_tracing
from millstream_worker.celery_app import celery_app
from millstream_worker.observing.observed import Observed
from millstream_worker.service import Service
from millstream_worker.settings import AnswerSettings, IngestSettings, WorkerSettings
from millstream_worker.worker_process import run_worker, set_up_logging

logger = logging.getLogger("millstream_worker")

_SWITCH_SECONDS = 0.001


def main() -> int:
    """Read the command line and the settings, run the worker, and return its exit code."""
    parser = argparse.ArgumentParser(prog="millstream_worker", description=__doc__)
    parser.add_argument("service", choices=["answers", "ingest"])
    # Nothing here phones home; mlflow, which comes with the Databricks client, would.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        return _answers() if parser.parse_args().service == "answers" else _ingest()
    except ValidationError as error:
        sys.stderr.write(f"a setting is wrong or missing: {error}\n")
    except ValueError as error:
        # The Databricks SDK's way to say that no workspace is configured.
        sys.stderr.write(f"{error}\n")
    return 2


def _answers() -> int:
    settings = AnswerSettings()  # type: ignore[call-arg]  # they come from the environment
    set_up_logging(settings.log_level, settings.log_format)
    logger.info("loading the graph and the Databricks client, which takes some seconds")
    begun = time.monotonic()
    from millstream_worker.answering.service import AnswerService

    _settle_memory(begun)
    # By default a thread that computes gives way after 5 ms only: the first token of one answer
    # would wait that long behind the parsing of another.
    sys.setswitchinterval(_SWITCH_SECONDS)
    observed = _observed(settings)
    app = celery_app(settings.redis_url, observed.beat.beat)
    service = AnswerService.open(settings, app, observed.metrics.answers, observed.tracing)
    return _run(app, service, settings, observed)


def _ingest() -> int:
    settings = IngestSettings()  # type: ignore[call-arg]  # they come from the environment
    set_up_logging(settings.log_level, settings.log_format)
    begun = time.monotonic()
    from millstream_worker.ingesting.opening import open_ingest_service

    _settle_memory(begun)
    observed = _observed(settings)
    app = celery_app(settings.redis_url, observed.beat.beat)
    service = open_ingest_service(settings)
    return _run(app, service, settings, observed)


def _observed(settings: WorkerSettings) -> Observed:
    return Observed(settings.worker_http_host, settings.worker_http_port, open_tracing("worker"))


def _run(app: Celery, service: Service, settings: WorkerSettings, observed: Observed) -> int:
    return run_worker(
        app, service, grace_seconds=settings.shutdown_grace_seconds, observed=observed
    )


def _settle_memory(begun: float) -> None:
    # What was imported stays for good: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    logger.info("loaded in %.1f s", time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
