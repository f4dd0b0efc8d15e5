"""The metrics that are exported are those that docs/operating/metrics.md explains."""

import re
from pathlib import Path

from prometheus_client.metrics_core import Metric

from tests.unit.repository.exported_metrics import exported_by_api, exported_by_worker

PAGE = Path(__file__).parents[3] / "docs/operating/metrics.md"
Row = tuple[str, str, str]


def _row(metric: Metric) -> Row:
    suffix = "_total" if metric.type == "counter" else ""
    return metric.name + suffix, metric.type, metric.documentation


def _documented(heading: str) -> set[Row]:
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(millstream_\w+)` \| (\w+) \|[^|]*\| ([^|]+) \|$", section, re.M)
    return {(name, kind, says.strip()) for name, kind, says in rows}


def test_every_metric_of_the_api_is_documented_and_none_that_is_not_there() -> None:
    assert _documented("What the API exports") == set(map(_row, exported_by_api()))


def test_every_metric_of_a_worker_is_documented_and_none_that_is_not_there() -> None:
    ours = (one for one in exported_by_worker() if one.name.startswith("millstream_"))
    assert _documented("What a worker exports") == set(map(_row, ours))


def test_names_follow_the_conventions_of_prometheus() -> None:
    everything = [*exported_by_api(), *exported_by_worker()]
    for metric in (one for one in everything if one.name.startswith("millstream_")):
        name, kind, says = _row(metric)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert says.endswith("."), name
        if kind == "histogram":
            assert name.endswith(("_seconds", "_per_second")), name
        assert not re.search(r"(_ms|_milliseconds|_minutes|_kb)$", name), name
