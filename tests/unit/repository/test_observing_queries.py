"""Every query of the alert rules and of the dashboard parses, and asks for what is exported."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from scripts import make_dashboard
from tests.unit.repository.exported_metrics import SampleNames, exported_samples

ROOT = Path(__file__).parents[3]
OBSERVE = ROOT / "deploy/observe"
RULES = sorted(OBSERVE.glob("rules/*.yml"))
_FROM_PROMETHEUS = {
    "up": {"instance", "job"},
    "ALERTS": {"alertname", "alertstate", "severity"},
}
# The namespace comes with the target, from the Prometheus operator.
_ON_EVERY_SERIES = {"instance", "job", "le", "namespace"}
_RATES = {"rate", "increase", "irate"}


def _queries() -> Iterator[tuple[str, str]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                yield f"{path.name}: {rule['alert']}", rule["expr"]
    for path in OBSERVE.glob("dashboards/*.json"):
        dashboard = json.loads(path.read_text("utf-8"))
        for mark in dashboard["annotations"]["list"]:
            yield f"{path.name}: {mark['name']}", mark["expr"]
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield f"{path.name}: {panel['title']} {target['refId']}", target["expr"]


QUERIES = dict(_queries())


def _faults(query: str, exported: SampleNames) -> list[str]:
    """What is wrong with a query: names and labels that are not exported, rates of gauges."""
    faults: list[str] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            labels = exported.get(node.name or "")
            if labels is None:
                faults.append(f"no metric {node.name}")
            else:
                asked = {matcher.name for matcher in node.matchers.matchers}
                faults.extend(f"no label {one}" for one in asked - labels - _ON_EVERY_SERIES)
        if isinstance(node, promql_parser.Call) and node.func.name in _RATES:
            name = node.args[0].vector_selector.name
            if not name.endswith(("_total", "_count", "_sum", "_bucket")):
                faults.append(f"{node.func.name} of {name}, which is no counter")
        if isinstance(node, promql_parser.Call) and node.func.name == "histogram_quantile":
            inner = node.args[1].prettify()
            if "_bucket" not in inner or not re.search(r"by \([^)]*\ble\b", inner):
                faults.append("histogram_quantile without buckets by le")
        return True

    for name, known in _grouped(query, exported):
        if name not in known:
            faults.append(f"no label {name}")
    promql_parser.walk(promql_parser.parse(_without_variables(query)), visit)
    return faults


def _grouped(query: str, exported: SampleNames) -> Iterator[tuple[str, set[str]]]:
    """Each label that a query groups by, with those that any of its metrics has."""
    known = set(_ON_EVERY_SERIES)
    for name in re.findall(r"[a-z_]{4,}", query):
        known |= exported.get(name, set())
    for labels in re.findall(r"\bby \(([^)]*)\)", query):
        for label in labels.split(","):
            yield label.strip(), known


def _without_variables(query: str) -> str:
    return query.replace("$__rate_interval", "1m")


EXPORTED = {**exported_samples(), **_FROM_PROMETHEUS}


@pytest.mark.parametrize("where", QUERIES)
def test_a_query_parses_and_asks_for_what_is_exported(where: str) -> None:
    assert _faults(QUERIES[where], EXPORTED) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("max(millstream_responses_qeued)", "no metric millstream_responses_qeued"),
        ("rate(millstream_recoveries[5m])", "no metric millstream_recoveries"),
        ('millstream_cancel_seconds_count{out="x"}', "no label out"),
        ("sum by (state) (millstream_viewers)", "no label state"),
        ("rate(millstream_viewers[5m])", "rate of millstream_viewers, which is no counter"),
        (
            "histogram_quantile(0.5, rate(millstream_answer_seconds_sum[5m]))",
            "histogram_quantile without buckets by le",
        ),
    ],
)
def test_a_query_for_what_is_not_exported_is_found(query: str, fault: str) -> None:
    assert fault in _faults(query, EXPORTED)


def test_a_query_that_is_none_is_found() -> None:
    with pytest.raises(ValueError, match="parenthesis"):
        _faults("sum(rate(millstream_viewers[5m])", EXPORTED)


def test_every_alert_has_a_severity_and_says_what_it_means() -> None:
    for path in RULES:
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
                assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
                assert rule["annotations"]["summary"].endswith("."), rule["alert"]
                assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s")), rule["alert"]


def test_every_alert_is_explained() -> None:
    page = (ROOT / "docs/operating/metrics.md").read_text("utf-8")
    for where in QUERIES:
        file, _, alert = where.partition(": ")
        if file.endswith(".yml"):
            assert f"`{alert}`" in page, alert


def test_every_metric_of_ours_is_used_by_the_dashboard_or_an_alert() -> None:
    asked = "\n".join(QUERIES.values())
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported_samples()}
    ours = {name for name in families if name.startswith("millstream_")}
    assert {name for name in ours if name not in asked} == set()


def test_the_dashboard_is_what_its_script_writes() -> None:
    assert make_dashboard.PLACE.read_text("utf-8") == make_dashboard.written()
