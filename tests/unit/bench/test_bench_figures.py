"""What measurements come to: the arithmetic of the benchmark."""

import threading
import time
from pathlib import Path

import psutil
import pytest

from bench.figures import net_of_idle, percentile, processor_seconds, summary
from bench.token_cost import cost_of, ratios
from tests.harness.deadlines import eventually

_WORKED_SECONDS = 0.05


def test_a_percentile_lies_between_its_neighbours() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert percentile([1.0, 2.0, 3.0], 1.0) == 3.0
    assert percentile([7.0], 0.99) == 7.0


def test_a_summary_says_how_many_there_were() -> None:
    assert summary([1.0, 2.0, 6.0]) == {"n": 3, "p50": 2.0, "p95": 5.6, "max": 6.0, "mean": 3.0}


def test_a_token_costs_what_longer_answers_take_more() -> None:
    # Given 6 answers at 10 ms each, and 100 us for each of their 20 or 120 tokens
    short, long = 6 * (0.010 + 20 * 0.0001), 6 * (0.010 + 120 * 0.0001)

    assert cost_of(short, long, 6) == pytest.approx({"us_per_token": 100.0, "ms_per_answer": 10.0})


def test_what_idling_takes_is_not_counted() -> None:
    assert net_of_idle(seconds=1.5, wall=10.0, idle_share=0.05) == pytest.approx(1.0)
    assert net_of_idle(seconds=0.1, wall=10.0, idle_share=0.05) == 0.0


def test_the_time_of_threads_that_have_ended_counts() -> None:
    # Given a thread that works, as an answer's writer does, and ends
    this = psutil.Process()
    before = processor_seconds(this)
    worker = threading.Thread(target=_work)
    worker.start()
    worker.join()
    task = Path(f"/proc/self/task/{worker.native_id}")
    eventually("the thread to be gone", lambda: not task.exists())

    # When what the process has used is looked up
    used = processor_seconds(this) - before

    # Then it has what the thread has used
    assert used >= _WORKED_SECONDS


def _work() -> None:
    until = time.thread_time() + _WORKED_SECONDS
    while time.thread_time() < until:
        continue


def test_costs_are_compared_within_the_round_that_they_were_measured_in() -> None:
    rounds = [
        # The machine was half as fast in the second round, and the ratio the same.
        {"worker": {"us_per_token": 300.0}, "alone": {"us_per_token": 200.0}},
        {"worker": {"us_per_token": 600.0}, "alone": {"us_per_token": 400.0}},
        {"worker": {"us_per_token": 200.0}, "alone": {"us_per_token": 250.0}},
    ]

    assert ratios(rounds, "worker", "alone") == {"median": 1.5, "least": 0.8, "most": 1.5}
