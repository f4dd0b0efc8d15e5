"""What a PromQL query finds at a moment."""

import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import promql_parser

from tests.harness.promql.series import Labels, Sample, Series

T = TypeVar("T")

Vector = dict[Labels, float]
"""Values by labels; the name is kept where PromQL keeps it."""

_NAME: Final = "__name__"
_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan if math.isnan(a) or a == 0 else math.inf,
}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_AGGREGATES: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "count": len,
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluates queries over some series, at one moment (seconds since the beginning)."""

    series: Sequence[Series]
    now: float

    def query(self, text: str) -> Vector:
        """Return what a query finds. Raises NotImplementedError for what is not known here."""
        found = self._value(promql_parser.parse(text))
        return found if isinstance(found, dict) else {frozenset(): found}

    def _value(self, node: Any) -> Vector | float:
        match node:
            case promql_parser.NumberLiteral():
                return float(node.val)
            case promql_parser.ParenExpr():
                return self._value(node.expr)
            case promql_parser.VectorSelector():
                return self._instant(node)
            case promql_parser.AggregateExpr():
                return self._aggregate(node)
            case promql_parser.Call():
                return self._call(node)
            case promql_parser.BinaryExpr():
                return self._binary(node)
        raise NotImplementedError(f"{type(node).__name__}: {node}")

    def _vector(self, node: Any) -> Vector:
        value = self._value(node)
        if not isinstance(value, dict):
            raise NotImplementedError(f"a number where a vector is expected: {node}")
        return value

    def _instant(self, node: Any) -> Vector:
        found = ((one.labels, one.at(self.now)) for one in self._selected(node))
        return {labels: value for labels, value in found if value is not None}

    def _selected(self, selector: Any) -> Iterable[Series]:
        if selector.offset or selector.at:
            raise NotImplementedError(f"offset and @: {selector}")
        for one in self.series:
            labels = dict(one.labels)
            if labels.get(_NAME) == selector.name and all(
                _matches(matcher, labels.get(matcher.name, ""))
                for matcher in selector.matchers.matchers
            ):
                yield one

    def _aggregate(self, node: Any) -> Vector:
        by = node.modifier.labels if node.modifier else []
        if node.modifier and node.modifier.type != promql_parser.AggModifierType.By:
            raise NotImplementedError(f"without: {node}")
        groups: dict[Labels, list[float]] = {}
        for labels, value in self._vector(node.expr).items():
            group = frozenset(pair for pair in labels if pair[0] in by)
            groups.setdefault(group, []).append(value)
        together = _known(_AGGREGATES, str(node.op))
        return {labels: float(together(values)) for labels, values in groups.items()}

    def _call(self, node: Any) -> Vector:
        match node.func.name:
            case "rate" | "increase" as name:
                return self._increases(node.args[0], per_second=name == "rate")
            case "histogram_quantile":
                return _quantiles(float(node.args[0].val), self._vector(node.args[1]))
            case "absent":
                return {} if self._vector(node.args[0]) else {_told_of(node.args[0]): 1.0}
        raise NotImplementedError(node.func.name)

    def _increases(self, matrix: Any, *, per_second: bool) -> Vector:
        seconds = matrix.range.total_seconds()
        found: Vector = {}
        for one in self._selected(matrix.vector_selector):
            samples = one.within(self.now, seconds)
            if len(samples) > 1:
                increase = _increase(samples, self.now, seconds)
                found[_nameless(one.labels)] = increase / seconds if per_second else increase
        return found

    def _binary(self, node: Any) -> Vector | float:
        left, right, op = self._value(node.lhs), self._value(node.rhs), str(node.op)
        if node.modifier and (node.modifier.return_bool or node.modifier.matching):
            raise NotImplementedError(f"bool, on and ignoring: {node}")
        if not isinstance(left, dict) and not isinstance(right, dict):
            return _known(_ARITHMETIC, op)(left, right)
        if op in {"and", "or", "unless"}:
            return _by_presence(op, self._vector(node.lhs), self._vector(node.rhs))
        if op in _COMPARISONS:
            return {
                labels: a for labels, a, b in _pairs(left, right, node) if _COMPARISONS[op](a, b)
            }
        known = _known(_ARITHMETIC, op)
        return {_nameless(labels): known(a, b) for labels, a, b in _pairs(left, right, node)}


def _pairs(
    left: Vector | float, right: Vector | float, node: Any
) -> Iterable[tuple[Labels, float, float]]:
    if not isinstance(left, dict):
        raise NotImplementedError(f"a number on the left: {node}")
    if not isinstance(right, dict):
        yield from ((labels, value, right) for labels, value in left.items())
        return
    others = {_nameless(labels): value for labels, value in right.items()}
    for labels, value in left.items():
        if _nameless(labels) in others:
            yield labels, value, others[_nameless(labels)]


def _by_presence(op: str, left: Vector, right: Vector) -> Vector:
    there = {_nameless(labels) for labels in (right if op != "or" else left)}
    if op == "or":
        return left | {one: right[one] for one in right if _nameless(one) not in there}
    return {one: left[one] for one in left if (_nameless(one) in there) == (op == "and")}


def _increase(samples: Sequence[Sample], now: float, seconds: float) -> float:
    """Extrapolated to the ends of the range, as Prometheus does it; never below 0."""
    steps = itertools.pairwise(samples)
    seen = sum(after - before if after >= before else after for (_, before), (_, after) in steps)
    (first, at_first), (last, _) = samples[0], samples[-1]
    sampled, between = last - first, (last - first) / (len(samples) - 1)
    to_start, to_end = first - (now - seconds), now - last
    if seen > 0 and at_first >= 0:
        to_start = min(to_start, sampled * at_first / seen)
    limit = between * 1.1
    whole = sampled + sum(edge if edge < limit else between / 2 for edge in (to_start, to_end))
    return seen * whole / sampled


def _quantiles(quantile: float, buckets: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"].replace("+Inf", "inf"))
        group = frozenset(pair for pair in labels if pair[0] not in {"le", _NAME})
        groups.setdefault(group, []).append((bound, count))
    return {labels: _quantile(quantile, sorted(found)) for labels, found in groups.items()}


def _quantile(quantile: float, buckets: Sequence[tuple[float, float]]) -> float:
    if not buckets or buckets[-1][0] != math.inf or not buckets[-1][1]:
        return math.nan
    rank = quantile * buckets[-1][1]
    place = next(number for number, (_, count) in enumerate(buckets) if count >= rank)
    if buckets[place][0] == math.inf:
        return buckets[-2][0]
    below, counted = buckets[place - 1] if place else (0.0, 0.0)
    bound, count = buckets[place]
    return below + (bound - below) * (rank - counted) / (count - counted)


def _told_of(selector: Any) -> Labels:
    """The labels that ``absent`` can tell: those that are asked for by ``=``."""
    if not isinstance(selector, promql_parser.VectorSelector):
        return frozenset()
    return frozenset(
        (one.name, one.value)
        for one in selector.matchers.matchers
        if one.op == promql_parser.MatchOp.Equal
    )


def _matches(matcher: Any, value: str) -> bool:
    match matcher.op:
        case promql_parser.MatchOp.Equal:
            return bool(value == matcher.value)
        case promql_parser.MatchOp.NotEqual:
            return bool(value != matcher.value)
        case promql_parser.MatchOp.Re:
            return re.fullmatch(matcher.value, value) is not None
    return re.fullmatch(matcher.value, value) is None


def _nameless(labels: Labels) -> Labels:
    return frozenset(pair for pair in labels if pair[0] != _NAME)


def _known(table: Mapping[str, T], key: str) -> T:
    if key not in table:
        raise NotImplementedError(key)
    return table[key]
