"""What answers of one length come to: the arithmetic of growth with the length of an answer."""

from dataclasses import replace

import pytest

from bench.answer_length import Reload, Watched, figures_of, first_and_last_tenth

TOOK = {"worker": 0.008, "api": 0.004, "redis": 0.002}

# An answer of 101 tokens, of which 100 were measured.
ANSWER = Watched(
    measured_tokens=100,
    appends=80,
    streaming={"worker": 0.05, "api": 0.005, "redis": 0.01},
    delays_ms=[1.0] * 10 + [5.0] * 80 + [2.0] * 10,
    log_bytes=30_000,
    worker_bytes=3 * 2**20,
    ending_ms=20.0,
    ending=TOOK,
    from_log=[Reload(4.0, TOOK)],
    from_ledger=[Reload(6.0, TOOK)],
    stream_bytes=2048,
    final_bytes=512,
)

# One of 20 tokens.
BASE = replace(ANSWER, log_bytes=13_800)


def test_a_token_costs_what_was_used_while_tokens_came() -> None:
    figures = figures_of(101, [ANSWER, replace(ANSWER, measured_tokens=300)], BASE)

    assert figures["answers"] == 2
    assert figures["tokens_per_append"] == 400 / 160
    assert figures["worker_us_per_token"] == pytest.approx(2 * 0.05 / 400 * 1e6)
    assert figures["api_us_per_token"] == pytest.approx(2 * 0.005 / 400 * 1e6)
    assert figures["redis_us_per_token"] == pytest.approx(2 * 0.01 / 400 * 1e6)


def test_the_first_tokens_are_told_from_the_last_ones() -> None:
    figures = figures_of(101, [ANSWER], BASE)

    assert figures["delay_ms_p50_first_tenth"] == 1.0
    assert figures["delay_ms_p50_last_tenth"] == 2.0


def test_the_tenths_of_few_values_are_not_empty() -> None:
    assert first_and_last_tenth([3.0, 4.0, 5.0]) == ([3.0], [5.0])


def test_what_a_log_has_beside_its_tokens_does_not_count_for_them() -> None:
    assert figures_of(101, [ANSWER], BASE)["log_bytes_per_token"] == 200


def test_the_end_and_a_reload_are_told_apart_from_the_tokens() -> None:
    late = replace(ANSWER, ending_ms=40.0, from_log=[Reload(8.0, TOOK), Reload(9.0, TOOK)])

    figures = figures_of(101, [ANSWER, ANSWER, late], BASE)

    assert figures["ending_ms"] == 20.0
    assert (figures["ending_worker_ms"], figures["ending_api_ms"]) == (8.0, 4.0)
    assert figures["reload_from_log"] == {"ms": 6.0, "api_ms": 4.0, "redis_ms": 2.0}
    assert figures["reload_from_ledger"] == {"ms": 6.0, "api_ms": 4.0, "redis_ms": 2.0}
    assert (figures["stream_kib"], figures["final_event_kib"]) == (2.0, 0.5)
    assert figures["worker_mib"] == 3.0
