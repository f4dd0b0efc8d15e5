"""Writes Grafana's dashboard from the list of panels below.

python scripts/make_dashboard.py
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLACE: Final = Path(__file__).parents[1] / "deploy/observe/dashboards/millstream.json"

_SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
_COLUMNS: Final = 24
_RATE: Final = "[$__rate_interval]"


@dataclass(frozen=True)
class Panel:
    """One panel. queries: PromQL by what the legend calls it."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    says: str = ""


def _quantiles(name: str, *quantiles: float) -> dict[str, str]:
    per_bucket = f"sum by (le) (rate(millstream_{name}_bucket{_RATE}))"
    return {
        f"p{quantile * 100:g}": f"histogram_quantile({quantile}, {per_bucket})"
        for quantile in quantiles
    }


def _median(*names: str) -> dict[str, str]:
    return {name: _quantiles(f"{name}_seconds", 0.5)["p50"] for name in names}


def _rate(name: str, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate(millstream_{name}{_RATE}))"


_FAILED: Final = (
    'sum(rate(millstream_responses_finished_total{status="failed"}[10m]))'
    " / sum(rate(millstream_responses_finished_total[10m]))"
)

ROWS: Final[dict[str, list[Panel]]] = {
    "Is it well?": [
        Panel("In line", {"": "max(millstream_responses_queued)"}, kind="stat", width=4),
        Panel("Running", {"": "max(millstream_responses_running)"}, kind="stat", width=4),
        Panel(
            "Oldest in line", {"": "max(millstream_oldest_queued_seconds)"}, "s", "stat", width=4
        ),
        Panel("Viewers", {"": "sum(millstream_viewers)"}, kind="stat", width=4),
        Panel("Failing answers", {"": _FAILED}, "percentunit", "stat", width=4),
        Panel(
            "Servers that answer",
            {"{{dependency}}": "min by (dependency) (millstream_dependency_up)"},
            kind="stat",
            width=4,
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
                "in line": "max(millstream_responses_queued)",
                "running": "max(millstream_responses_running)",
                "slots": 'sum(millstream_worker_slots{job="millstream-worker"})',
            },
        ),
        Panel(
            "Tokens of the model",
            {
                "in": _rate("model_input_tokens_total"),
                "out": _rate("model_output_tokens_total"),
            },
            says="Tokens per second, counted when an answer ends.",
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
        Panel("Tokens per second of an answer", _quantiles("tokens_per_second", 0.05, 0.5)),
    ],
    "What broke": [
        Panel(
            "Attempts",
            {
                "recoveries": _rate("recoveries_total"),
                "handed over": _rate("attempts_handed_over_total"),
                "overtaken": _rate("attempts_overtaken_total"),
                "fenced writes": _rate("fenced_writes_total"),
            },
        ),
        Panel(
            "Jobs sent again",
            {
                "lost {{lost}}": _rate("jobs_sent_again_total", "lost"),
                "could not be sent": _rate("enqueue_failures_total"),
            },
        ),
        Panel("Failures", {"{{code}}": _rate("responses_failed_total", "code")}),
        Panel("Stop to end", _quantiles("cancel_seconds", 0.5, 0.99), "s"),
        Panel("HTTP answers", {"{{status}}": _rate("http_requests_total", "status")}, "reqps"),
        Panel("Oldest that runs", {"": "max(millstream_oldest_running_seconds)"}, "s"),
    ],
    "Relay": [
        Panel("Viewers", {"{{instance}}": "millstream_viewers"}),
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
        Panel("CPU", {"{{job}} {{instance}}": f"rate(process_cpu_seconds_total{_RATE})"}),
        Panel("Memory", {"{{job}} {{instance}}": "process_resident_memory_bytes"}, "bytes"),
        Panel(
            "Redis",
            {
                "used": "max(millstream_redis_memory_bytes)",
                "limit": "max(millstream_redis_memory_limit_bytes)",
                "one log": "max(millstream_log_memory_bytes)",
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
        Panel(
            "Jobs",
            {
                "{{task}} {{outcome}}": _rate("jobs_total", "task, outcome"),
                "{{task}} p95": "histogram_quantile(0.95, sum by (le, task) "
                f"(rate(millstream_job_seconds_bucket{_RATE})))",
                "bytes of streams": _rate("log_bytes_total"),
                "attempts": _rate("attempts_begun_total"),
            },
        ),
    ],
}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    return {
        "uid": "millstream",
        "title": "Millstream",
        "tags": ["millstream"],
        "timezone": "browser",
        "schemaVersion": 41,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "panels": _panels(),
    }


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = []
    top = 0
    for heading, row in ROWS.items():
        place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": heading, "gridPos": place, "panels": []}
        )
        top, left = top + 1, 0
        height = 4 if row[0].kind == "stat" else 8
        for panel in row:
            if left + panel.width > _COLUMNS:
                top, left = top + height, 0
            place = {"x": left, "y": top, "w": panel.width, "h": height}
            panels.append(_panel(panel, len(panels) + 1, place))
            left += panel.width
        top += height
    return panels


def _panel(panel: Panel, id_: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": id_,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "gridPos": place,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend or "__auto",
            }
            for number, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def written() -> str:
    """Return the dashboard's file."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(written(), "utf-8")
