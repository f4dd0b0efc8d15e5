"""Where the time goes is counted from the moment the question was accepted."""

from datetime import timedelta

from millstream_worker.answering.stopwatch import Stopwatch
from tests.unit.worker.rows import ACCEPTED, claimed_row


def test_a_first_attempt_trusts_one_clock() -> None:
    now = 100.0
    row = claimed_row(started_at=ACCEPTED + timedelta(milliseconds=5))
    watch = Stopwatch(row, clock=lambda: now, wall_clock=lambda: 0.0)

    for stage in ("retrieve", "retrieve", "grade"):
        with watch.stage(stage):
            now += 0.010
    watch.model_asked()
    now += 0.200
    watch.model_spoke()
    watch.text_began()
    now += 1.0
    watch.model_spoke()
    watch.text_began()

    timings = watch.timings()
    assert timings.queue_ms == 5
    assert timings.retrieve_ms == 20
    assert timings.grade_ms == 10
    assert timings.rewrite_ms is None
    assert timings.model_first_token_ms == 200
    assert timings.first_token_ms == 235
    assert timings.total_ms == 1235


def test_a_later_attempt_counts_the_time_of_those_before_it() -> None:
    later = ACCEPTED.timestamp() + 3

    watch = Stopwatch(claimed_row(attempt=2), clock=lambda: 0.0, wall_clock=lambda: later)

    assert watch.timings().total_ms == 3000
