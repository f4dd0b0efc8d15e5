"""A worker's metrics. docs/operating/metrics.md says what each is for.

All of them move once per job or answer, never per token, and no label names a response.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from millstream_contract.objects import ResponseObject, Timings
from millstream_contract.shared_metrics import finished_counter, sent_again_counter

_STAGE_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
)  # fmt: skip
_WAIT_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
_ANSWER_BUCKETS: Final = (0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
_RATE_BUCKETS: Final = (1, 2.5, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 400)
_JOB_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


FAILURE_CODES: Final = (
    "attempts_exhausted",
    "model_cut",
    "model_refused",
    "model_stalled",
    "model_unavailable",
    "rate_limit_exceeded",
    "server_error",
)
"""Why an answer fails. Each stands at 0 from the start: rate() does not see a series begin."""


class WorkerMetrics:
    """All metrics that a worker process keeps."""

    def __init__(self) -> None:
        """Make the metrics and their registry."""
        # A second series beside each one, of when it began: nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        for kind in (ProcessCollector, PlatformCollector, GCCollector):
            kind(registry=registry)
        self.slots = Gauge(
            "millstream_worker_slots", "Jobs that the process does side by side.", registry=registry
        )
        self.busy = Gauge(
            "millstream_worker_busy", "Jobs that are being done now.", registry=registry
        )
        self.loop_silent = Gauge(
            "millstream_worker_loop_silent_seconds",
            "How long ago the loop that takes jobs showed its last sign of life; 0 in a drain.",
            registry=registry,
        )
        self.jobs = Counter(
            "millstream_jobs",
            "Jobs that were done, by task; outcome error: it raised, and is gone.",
            ["task", "outcome"],
            registry=registry,
        )
        self.job_seconds = Histogram(
            "millstream_job_seconds",
            "How long a job took, by task.",
            ["task"],
            registry=registry,
            buckets=_JOB_BUCKETS,
        )
        self.answers = AnswerMetrics(registry)

    @contextmanager
    def doing(self, task: str) -> Iterator[None]:
        """Within the block, a job is done."""
        begun, outcome = time.monotonic(), "error"
        self.busy.inc()
        try:
            yield
            outcome = "done"
        finally:
            # Last, that it frees its slot: who sees none busy sees all that was done counted.
            self.jobs.labels(task, outcome).inc()
            self.job_seconds.labels(task).observe(time.monotonic() - begun)
            self.busy.dec()

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class AnswerMetrics:
    """What answering counts; a worker that ingests keeps them at 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Make the metrics, and have them collected by ``registry``."""
        self._registry = registry
        self.begun = Counter(
            "millstream_attempts_begun", "Attempts that were claimed.", registry=registry
        )
        self.recoveries = Counter(
            "millstream_recoveries",
            "Attempts after the first: another worker was lost, or handed the answer over.",
            registry=registry,
        )
        self.handed_over = Counter(
            "millstream_attempts_handed_over",
            "Attempts that this worker gave up in order to end, for another to go on.",
            registry=registry,
        )
        self.overtaken = Counter(
            "millstream_attempts_overtaken",
            "Attempts that ended here because a later one holds the response.",
            registry=registry,
        )
        self.fenced_writes = Counter(
            "millstream_fenced_writes",
            "Writes of an overtaken attempt that the log or the ledger refused.",
            registry=registry,
        )
        self.sent_again = sent_again_counter(registry)
        self.finished = finished_counter(registry)
        self.failures = Counter(
            "millstream_responses_failed",
            "Responses that failed, by the code of their error.",
            ["code"],
            registry=registry,
        )
        for code in FAILURE_CODES:
            self.failures.labels(code)
        self.input_tokens = Counter(
            "millstream_model_input_tokens", "Tokens of prompts, as counted by the model.",
            registry=registry,
        )  # fmt: skip
        self.output_tokens = Counter(
            "millstream_model_output_tokens", "Tokens that the model said, as it counted them.",
            registry=registry,
        )  # fmt: skip
        self.log_bytes = Counter(
            "millstream_log_bytes",
            "Bytes of the streams of final responses, as they stand in log and ledger.",
            registry=registry,
        )
        self.queue_wait = self._seconds("queue_wait", "From accepted to claimed.", _WAIT_BUCKETS)
        self.retrieve = self._seconds("retrieve", "Searching, all rounds of one answer.")
        self.grade = self._seconds("grade", "Grading, all rounds of one answer.")
        self.rewrite = self._seconds("rewrite", "Rewriting the query, where it was done.")
        self.model_first_token = self._seconds(
            "model_first_token", "From the request to the model to its first token."
        )
        self.first_token = self._seconds(
            "first_token", "From accepted to the first text of the answer.", _WAIT_BUCKETS
        )
        self.answer = self._seconds("answer", "From accepted to final.", _ANSWER_BUCKETS)
        self.tokens_per_second = Histogram(
            "millstream_tokens_per_second",
            "Output tokens by the time from first text to the end, where the model counted.",
            registry=registry,
            buckets=_RATE_BUCKETS,
        )

    def claimed(self, attempt: int) -> None:
        """Count an attempt that begins."""
        self.begun.inc()
        if attempt > 1:
            self.recoveries.inc()

    def ended(self, final: ResponseObject, log_bytes: int, answer_tokens: int | None) -> None:
        """Count a response that was stored as final, and what it took.

        answer_tokens: those of the answer itself; its usage has those of grading and the like, too.
        """
        self.finished.labels(final.status).inc()
        if final.error is not None:
            self.failures.labels(final.error.code).inc()
        self.log_bytes.inc(log_bytes)
        timings = final.millstream.timings
        for histogram, milliseconds in (
            (self.queue_wait, timings.queue_ms),
            (self.retrieve, timings.retrieve_ms),
            (self.grade, timings.grade_ms),
            (self.rewrite, timings.rewrite_ms),
            (self.model_first_token, timings.model_first_token_ms),
            (self.first_token, timings.first_token_ms),
            (self.answer, timings.total_ms),
        ):
            if milliseconds is not None:
                histogram.observe(milliseconds / 1000)
        if final.usage is not None:
            self.input_tokens.inc(final.usage.input_tokens)
            self.output_tokens.inc(final.usage.output_tokens)
        rate = None if answer_tokens is None else _tokens_per_second(answer_tokens, timings)
        if rate is not None:
            self.tokens_per_second.observe(rate)

    def _seconds(
        self, name: str, help_: str, buckets: tuple[float, ...] = _STAGE_BUCKETS
    ) -> Histogram:
        return Histogram(
            f"millstream_{name}_seconds", help_, registry=self._registry, buckets=buckets
        )


def _tokens_per_second(tokens: int, timings: Timings) -> float | None:
    if timings.first_token_ms is None or timings.total_ms is None or tokens < 2:
        return None
    seconds = (timings.total_ms - timings.first_token_ms) / 1000
    return (tokens - 1) / seconds if seconds > 0 else None
