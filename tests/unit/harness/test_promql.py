"""The stand-in for Prometheus finds what Prometheus finds."""

import math

import pytest

from tests.harness.promql.evaluation import Evaluation
from tests.harness.promql.series import Series, labels_of, parsed

_SERIES = (
    ('requests_total{code="200", pod="a"}', "0+30x20"),
    ('requests_total{code="200", pod="b"}', "0 30 60 0 30 60"),
    ('requests_total{code="500", pod="a"}', "0x20"),
    ('waiting{pod="a"}', "3x20"),
    ('waiting{pod="b"}', "1x4 stale"),
    ('limit{pod="a"}', "4x20"),
    ('took_bucket{le="0.1"}', "0+5x20"),
    ('took_bucket{le="0.5"}', "0+9x20"),
    ('took_bucket{le="+Inf"}', "0+10x20"),
)


def _series() -> list[Series]:
    return [parsed(name, values, 15) for name, values in _SERIES]


@pytest.mark.parametrize(
    ("query", "at", "expected"),
    [
        ("max(waiting)", 30, {"{}": 3}),
        ("sum by (pod) (waiting) > 2", 30, {'{pod="a"}': 3}),
        ("count(waiting)", 60, {"{}": 2}),
        # It was found to be gone, and is not looked back for.
        ("count(waiting)", 75, {"{}": 1}),
        ("waiting / limit", 30, {'{pod="a"}': 0.75}),
        ("max(waiting) > 2 and max(limit) > 5", 30, {}),
        ("max(waiting) > 2 or max(limit) > 5", 30, {"{}": 3}),
        ("waiting unless limit", 30, {'waiting{pod="b"}': 1}),
        ('absent(waiting{pod="c"})', 30, {'{pod="c"}': 1}),
        ('absent(waiting{pod="a"} == 1)', 30, {"{}": 1}),
        ('absent(waiting{pod="a"})', 30, {}),
        ('rate(requests_total{pod="a", code!="500"}[1m])', 120, {'{code="200", pod="a"}': 2}),
        ('increase(requests_total{code=~"5.."}[1m])', 120, {'{code="500", pod="a"}': 0}),
        # 60, begun anew at 0, to 60, in 45 of the 60 s: a reset is no decrease.
        ('increase(requests_total{pod="b"}[1m])', 75, {'{code="200", pod="b"}': 80}),
        ("histogram_quantile(0.5, rate(took_bucket[1m]))", 120, {"{}": 0.1}),
        ("histogram_quantile(0.9, rate(took_bucket[1m]))", 120, {"{}": 0.5}),
        ("histogram_quantile(0.99, rate(took_bucket[1m]))", 120, {"{}": 0.5}),
    ],
)
def test_a_query_finds_what_prometheus_finds(
    query: str, at: float, expected: dict[str, float]
) -> None:
    found = Evaluation(_series(), at).query(query)

    assert found == {labels_of(labels): pytest.approx(value) for labels, value in expected.items()}


def test_a_quantile_of_nothing_is_no_number_and_above_no_limit() -> None:
    series = [
        parsed('took_bucket{le="+Inf"}', "0x20", 15),
        parsed('took_bucket{le="1"}', "0x20", 15),
    ]
    quantile = "histogram_quantile(0.9, rate(took_bucket[1m]))"

    (value,) = Evaluation(series, 120).query(quantile).values()

    assert math.isnan(value)
    assert Evaluation(series, 120).query(f"{quantile} > 1") == {}


@pytest.mark.parametrize("query", ["stddev(waiting)", "waiting offset 1m", "deriv(waiting[1m])"])
def test_what_is_not_known_is_not_passed_over(query: str) -> None:
    with pytest.raises(NotImplementedError):
        Evaluation(_series(), 30).query(query)


def test_values_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="1\\*3"):
        parsed("up", "1*3", 15)
