"""Each alert fires on what it says, and on nothing else: the tests of deploy/observe/rule-tests.

They are written for promtool, which is in no package that CI has; here they run without it.
"""

import re
from pathlib import Path

import pytest
import yaml

from tests.harness.promql.rule_tests import Case, cases
from tests.harness.promql.series import labels_of
from tests.unit.repository.exported_metrics import exported_by_api, exported_by_worker

OBSERVE = Path(__file__).parents[3] / "deploy/observe"
CASES = [case for path in sorted(OBSERVE.glob("rule-tests/*.yml")) for case in cases(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_alert_fires_on_what_it_says_and_on_nothing_else(case: Case) -> None:
    assert case.found == case.expected


def test_every_alert_is_seen_to_fire() -> None:
    rules = [
        rule["alert"]
        for path in OBSERVE.glob("rules/*.yml")
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]

    seen = {dict(labels)["alertname"] for case in CASES for labels in case.expected}

    assert set(rules) == seen


def test_a_limit_of_a_quantile_is_a_bound_of_its_buckets_and_not_a_guess_between_two() -> None:
    bounds: dict[str, set[float]] = {}
    for metric in [*exported_by_api(), *exported_by_worker()]:
        for sample in metric.samples:
            if "le" in sample.labels:
                bounds.setdefault(sample.name, set()).add(float(sample.labels["le"]))
    limits = [
        (name, float(limit))
        for path in OBSERVE.glob("rules/*.yml")
        for name, limit in re.findall(
            r"histogram_quantile\(.*?(millstream_\w+_bucket).*\) > ([\d.]+)",
            path.read_text("utf-8"),
        )
    ]

    assert limits
    assert [(name, limit) for name, limit in limits if limit not in bounds[name]] == []


def test_a_case_with_another_end_than_it_expects_is_found(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(
        """
groups:
  - name: some
    rules: [{alert: TooMany, expr: "sum by (job) (rate(things_total[1m])) > 1", for: 30s}]
"""
    )
    test = tmp_path / "tests.yml"
    test.write_text(
        """
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
  - name: two a second
    interval: 15s
    input_series: [{series: 'things_total{job="a", instance="1"}', values: 0+30x20}]
    promql_expr_test:
      - {expr: 'ALERTS{alertstate="firing"}', eval_time: 15s}
      - {expr: 'ALERTS{alertstate="firing"}', eval_time: 2m}
"""
    )

    early, late = cases(test)

    assert early.found == early.expected
    assert late.found == {labels_of('{alertname="TooMany", job="a"}')}
    assert late.found != late.expected
