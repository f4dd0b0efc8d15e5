"""A file of tests for rules, as ``promtool test rules`` reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.harness.promql.alerts import Alerts, seconds_of
from tests.harness.promql.series import Labels, labels_of, parsed

_FIRING = 'ALERTS{alertstate="firing"}'


@dataclass(frozen=True, slots=True)
class Case:
    """What has to fire at a moment, and what does."""

    name: str
    expected: frozenset[Labels]
    found: frozenset[Labels]


def cases(path: Path) -> Iterator[Case]:
    """Run each test of a file. Raises NotImplementedError for what is not known here."""
    file = yaml.safe_load(path.read_text("utf-8"))
    every = seconds_of(file["evaluation_interval"])
    rules = [
        rule
        for name in file["rule_files"]
        for group in yaml.safe_load((path.parent / name).read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]
    for test in file["tests"]:
        interval = seconds_of(test["interval"])
        series = [
            parsed(one["series"], one["values"], interval) for one in test.get("input_series", ())
        ]
        for asked in test["promql_expr_test"]:
            if asked["expr"] != _FIRING:
                raise NotImplementedError(asked["expr"])
            moment = seconds_of(asked["eval_time"])
            yield Case(
                f"{test['name']}, {asked['eval_time']}",
                frozenset(_expected(one["labels"]) for one in asked.get("exp_samples", ())),
                frozenset(Alerts(rules).firing_at(moment, series, every)),
            )


def _expected(labels: str) -> Labels:
    without = {"__name__", "alertstate"}
    return frozenset(pair for pair in labels_of(labels) if pair[0] not in without)
