"""Which alerts fire: rules that are evaluated step by step, as Prometheus does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.harness.promql.evaluation import Evaluation
from tests.harness.promql.series import Labels, Series, with_name

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(duration: str) -> float:
    """Return the seconds of ``1m30s``."""
    return float(sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([smh])", duration)))


@dataclass(slots=True)
class Alerts:
    """The state of some rules, as read from a rule file."""

    rules: Sequence[Any]
    _active_since: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def firing_at(self, moment: float, series: Sequence[Series], every: float) -> set[Labels]:
        """Return the labels of what fires at a moment, rules having been looked at ever since 0."""
        firing: set[Labels] = set()
        for step in range(int(moment // every) + 1):
            firing = self._step(Evaluation(series, step * every))
        return firing

    def _step(self, evaluation: Evaluation) -> set[Labels]:
        active: dict[tuple[str, Labels], float] = {}
        firing = set()
        for rule in self.rules:
            for labels in evaluation.query(rule["expr"]):
                one = (rule["alert"], labels)
                since = active[one] = self._active_since.get(one, evaluation.now)
                if evaluation.now - since >= seconds_of(rule.get("for", "0s")):
                    firing.add(_labelled(rule, labels))
        self._active_since = active
        return firing


def _labelled(rule: Any, found: Labels) -> Labels:
    kept = {name: value for name, value in found if name != "__name__"}
    return with_name({**kept, **rule.get("labels", {}), "alertname": rule["alert"]}, None)
