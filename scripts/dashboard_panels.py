"""What Grafana's dashboard shows: rows of panels, each with its queries, unit and limits.

Which installations a query asks for, make_dashboard.py adds.
"""

from dataclasses import dataclass, field
from typing import Any, Final

_RATE: Final = "[$__rate_interval]"
_TOKENS: Final = "suffix: tokens/s"
_EVENTS: Final = "cps"

Steps = tuple[tuple[float | None, str], ...]
"""From which value on a figure has which colour."""


@dataclass(frozen=True)
class Panel:
    """One panel. queries: PromQL by what the legend calls it. says: what a title cannot."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    says: str = ""
    # Grafana's own default is red from 80 on, whatever is counted.
    steps: Steps = ((None, "green"),)
    mappings: list[dict[str, Any]] = field(default_factory=list)


def _quantiles(name: str, *quantiles: float) -> dict[str, str]:
    per_bucket = f"sum by (le) (rate(millstream_{name}_bucket{_RATE}))"
    return {
        f"p{quantile * 100:g}": f"histogram_quantile({quantile}, {per_bucket})"
        for quantile in quantiles
    }


def _whole(name: str) -> str:
    """What all API processes of an installation say alike, over all installations."""
    return f"sum(max by (namespace) (millstream_{name}))"


def _median(*names: str) -> dict[str, str]:
    return {name.replace("_", " "): _quantiles(f"{name}_seconds", 0.5)["p50"] for name in names}


def _rate(name: str, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate(millstream_{name}{_RATE}))"


_FAILED: Final = (
    'sum(rate(millstream_responses_finished_total{status="failed"}[10m]))'
    " / sum(rate(millstream_responses_finished_total[10m]))"
)

_AWAY_OR_NOT: Final[list[dict[str, Any]]] = [
    {
        "type": "value",
        "options": {
            "0": {"text": "away", "color": "red", "index": 0},
            "1": {"text": "answers", "color": "green", "index": 1},
        },
    }
]
_NONE_ENDED: Final[list[dict[str, Any]]] = [
    {
        "type": "special",
        "options": {"match": "null+nan", "result": {"text": "none ended", "index": 0}},
    }
]

ROWS: Final[dict[str, list[Panel]]] = {
    "Is it well?": [
        Panel("In line", {"": _whole("responses_queued")}, kind="stat", width=4),
        Panel("Running", {"": _whole("responses_running")}, kind="stat", width=4),
        Panel(
            "Oldest in line",
            {"": "max(millstream_oldest_queued_seconds)"},
            "s",
            "stat",
            width=4,
            steps=((None, "green"), (10, "orange"), (30, "red")),
        ),
        Panel("Viewers", {"": "sum(millstream_viewers)"}, kind="stat", width=4),
        Panel(
            "Failing answers",
            {"": _FAILED},
            "percentunit",
            "stat",
            width=4,
            steps=((None, "green"), (0.01, "orange"), (0.05, "red")),
            mappings=_NONE_ENDED,
        ),
        Panel(
            "Servers that answer",
            {
                "{{namespace}} {{dependency}}": "min by (namespace, dependency)"
                " (millstream_dependency_up)"
            },
            kind="stat",
            width=4,
            mappings=_AWAY_OR_NOT,
        ),
    ],
    "How much": [
        Panel(
            "Questions and answers",
            {
                "accepted": _rate("responses_accepted_total"),
                "{{status}}": _rate("responses_finished_total", "status"),
            },
            "reqps",
        ),
        Panel(
            "In line and running",
            {
                "in line": _whole("responses_queued"),
                "running": _whole("responses_running"),
                "slots": 'sum(millstream_worker_slots{job="millstream-worker"})',
            },
        ),
        Panel(
            "Tokens of the model",
            {
                "in": _rate("model_input_tokens_total"),
                "out": _rate("model_output_tokens_total"),
            },
            _TOKENS,
            says="Counted when an answer ends.",
        ),
    ],
    "How long": [
        Panel("First token", _quantiles("first_token_seconds", 0.5, 0.95, 0.99), "s"),
        Panel(
            "Where its time goes (p50)",
            _median("queue_wait", "retrieve", "grade", "rewrite", "model_first_token"),
            "s",
        ),
        Panel("Waiting in line", _quantiles("queue_wait_seconds", 0.5, 0.95, 0.99), "s"),
        Panel("Relay: Redis to viewer", _quantiles("relay_delay_seconds", 0.5, 0.99), "s"),
        Panel("Whole answer", _quantiles("answer_seconds", 0.5, 0.95), "s"),
        Panel(
            "Tokens per second of an answer", _quantiles("tokens_per_second", 0.05, 0.5), _TOKENS
        ),
    ],
    "What broke": [
        Panel(
            "Attempts",
            {
                "begun": _rate("attempts_begun_total"),
                "recoveries": _rate("recoveries_total"),
                "handed over": _rate("attempts_handed_over_total"),
                "overtaken": _rate("attempts_overtaken_total"),
                "fenced writes": _rate("fenced_writes_total"),
            },
            _EVENTS,
        ),
        Panel(
            "Jobs sent again",
            {
                "lost {{lost}}": _rate("jobs_sent_again_total", "lost"),
                "could not be sent": _rate("enqueue_failures_total"),
            },
            _EVENTS,
        ),
        Panel("Failures", {"{{code}}": _rate("responses_failed_total", "code")}, _EVENTS),
        Panel("Stop to end", _quantiles("cancel_seconds", 0.5, 0.99), "s"),
        Panel("HTTP answers", {"{{status}}": _rate("http_requests_total", "status")}, "reqps"),
        Panel("Oldest that runs", {"": "max(millstream_oldest_running_seconds)"}, "s"),
    ],
    "Relay": [
        Panel("Viewers of each process", {"{{instance}}": "millstream_viewers"}),
        Panel(
            "What the relay mended",
            {
                "resumes": _rate("stream_resumes_total"),
                "holes filled": _rate("relay_holes_filled_total"),
                "repeats dropped": _rate("relay_repeats_dropped_total"),
                "slow viewers": _rate("relay_slow_viewers_total"),
                "reconnects": _rate("relay_reconnects_total"),
                "refused": _rate("streams_refused_total"),
            },
            _EVENTS,
        ),
        Panel(
            "Head of an answer (p95)",
            {
                "{{route}}": "histogram_quantile(0.95, sum by (le, route) "
                f"(rate(millstream_http_request_seconds_bucket{_RATE})))",
            },
            "s",
        ),
    ],
    "Processes": [
        Panel(
            "CPU",
            {"{{job}} {{instance}}": f"rate(process_cpu_seconds_total{_RATE})"},
            "percentunit",
            says="100 % is one core, more than which no process can use.",
        ),
        Panel("Memory", {"{{job}} {{instance}}": "process_resident_memory_bytes"}, "bytes"),
        Panel(
            "Redis",
            {
                "used {{namespace}}": "max by (namespace) (millstream_redis_memory_bytes)",
                "limit {{namespace}}": "max by (namespace) (millstream_redis_memory_limit_bytes)",
                "one log {{namespace}}": "max by (namespace) (millstream_log_memory_bytes)",
            },
            "bytes",
        ),
        Panel(
            "Slots in use",
            {"{{instance}}": "millstream_worker_busy / millstream_worker_slots"},
            "percentunit",
        ),
        Panel(
            "Silence of a worker's loop",
            {"{{instance}}": "millstream_worker_loop_silent_seconds"},
            "s",
        ),
        Panel("Jobs", {"{{task}} {{outcome}}": _rate("jobs_total", "task, outcome")}, _EVENTS),
        Panel(
            "How long a job takes (p95)",
            {
                "{{task}}": "histogram_quantile(0.95, sum by (le, task) "
                f"(rate(millstream_job_seconds_bucket{_RATE})))",
            },
            "s",
        ),
        Panel("Streams that are stored", {"": _rate("log_bytes_total")}, "Bps"),
    ],
}
