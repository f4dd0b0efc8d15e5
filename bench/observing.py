"""What metrics and traces cost, in CPU time of one process.

python -m bench.observing
"""

import time
from collections.abc import Callable
from typing import Final

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry, generate_latest

from bench.observing_samples import FINAL, FRAMES, TIMED_FRAMES
from millstream_api.observing.metrics import ApiMetrics
from millstream_contract import open_telemetry
from millstream_contract.token_log import LiveBatch
from millstream_contract.tracing import NoTracing, Tracing
from millstream_worker.observing.metrics import WorkerMetrics

_CALLS: Final = 20_000


class _Nowhere(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def main() -> None:
    """Measure, and print a table."""
    worker = WorkerMetrics()
    api = ApiMetrics(CollectorRegistry())
    registry = CollectorRegistry()
    ApiMetrics(registry)
    open_telemetry._exporter = _Nowhere
    traced = open_telemetry.OpenTelemetry("bench")
    rows: list[tuple[str, Callable[[], object], int]] = [
        ("a counter", api.accepted.inc, _CALLS),
        ("a histogram", lambda: api.relay.delay.observe(0.003), _CALLS),
        ("an answer's end, in a worker", lambda: worker.answers.ended(FINAL, 1000, 200), _CALLS),
        ("a span, traces off", lambda: _span(NoTracing()), _CALLS),
        ("a span, traces on", lambda: _span(traced), _CALLS),
        ("a published message without its time", lambda: LiveBatch.of_message(FRAMES), _CALLS),
        ("... with it (one a second)", lambda: LiveBatch.of_message(TIMED_FRAMES), _CALLS),
        ("a scrape of a worker", worker.text, 50),
        ("a scrape of the API, its own figures", lambda: generate_latest(registry), 50),
    ]
    for name, call, calls in rows:
        print(f"{name:42} {_microseconds(call, calls):10.2f} us")
    traced.close()


def _span(tracing: Tracing) -> None:
    with tracing.span("answer"):
        pass


def _microseconds(call: Callable[[], object], calls: int) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, (time.process_time() - begun) / calls)
    return best * 1e6


if __name__ == "__main__":
    main()
