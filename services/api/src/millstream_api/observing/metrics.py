"""The API's metrics. docs/operating/metrics.md says what each is for.

No label ever names a response, a user or an address: a series lives as long as the process.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from millstream_contract.shared_metrics import finished_counter, sent_again_counter

_RELAY_BUCKETS: Final = (
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 15,
)  # fmt: skip
_CANCEL_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_HTTP_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RelayMetrics:
    """What the relay counts; none of it per frame."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        """Make the metrics, and have them collected by ``registry``."""
        self.viewers = Gauge(
            "millstream_viewers",
            "Streams that are open.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.resumes = Counter(
            "millstream_stream_resumes",
            "Streams that began behind a cursor: reloads and reconnects.",
            registry=registry,
        )
        self.holes_filled = Counter(
            "millstream_relay_holes_filled",
            "Live frames that did not follow the viewer's cursor; the log was read instead.",
            registry=registry,
        )
        self.repeats_dropped = Counter(
            "millstream_relay_repeats_dropped",
            "Live batches that the viewer had already, from the log.",
            registry=registry,
        )
        self.slow_viewers = Counter(
            "millstream_relay_slow_viewers",
            "Times that a viewer's buffer overflowed and it was served from the log.",
            registry=registry,
        )
        self.reconnects = Counter(
            "millstream_relay_reconnects",
            "Times that the subscription to Redis broke and was made anew.",
            registry=registry,
        )
        self.delay = Histogram(
            "millstream_relay_delay_seconds",
            "From a frame's publication in Redis to its write to the viewer's socket, sampled.",
            registry=registry,
            buckets=_RELAY_BUCKETS,
        )


class ApiMetrics:
    """All metrics that a process of the API keeps."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        """Make the metrics, and have them collected by ``registry`` (None: by files)."""
        self.relay = RelayMetrics(registry)
        self.accepted = Counter(
            "millstream_responses_accepted",
            "Questions that were accepted; repeats of an Idempotency-Key do not count.",
            registry=registry,
        )
        self.finished = finished_counter(registry)
        self.enqueue_failures = Counter(
            "millstream_enqueue_failures",
            "Jobs that could not be sent because Redis was away; a reaper sends them later.",
            registry=registry,
        )
        self.streams_refused = Counter(
            "millstream_streams_refused",
            "Streams that were refused (503), for the process has as many as it may.",
            registry=registry,
        )
        self.sent_again = sent_again_counter(registry)
        self.cancel_seconds = Histogram(
            "millstream_cancel_seconds",
            "From the request for a stop to the answer's end, by whether it came in time.",
            ["outcome"],
            registry=registry,
            buckets=_CANCEL_BUCKETS,
        )
        self.http_requests = Counter(
            "millstream_http_requests",
            "HTTP requests that were answered, by route, method and status.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.http_seconds = Histogram(
            "millstream_http_request_seconds",
            "From an HTTP request to the head of its answer, by route.",
            ["route"],
            registry=registry,
            buckets=_HTTP_BUCKETS,
        )
        for outcome in ("stopped", "still_running"):
            self.cancel_seconds.labels(outcome)


def unobserved() -> ApiMetrics:
    """Return metrics that nobody collects."""
    return ApiMetrics(CollectorRegistry())
