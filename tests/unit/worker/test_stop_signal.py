"""What a stop wakes, and what it lets sleep."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from millstream_worker.answering.stopping import Stopped, StopReason, StopSignal

FOREVER_SECONDS = 3600.0


@pytest.mark.parametrize("reasons", [list(StopReason), [StopReason.HANDED_OVER]])
def test_a_stop_ends_a_wait_at_once(reasons: list[StopReason]) -> None:
    stop = StopSignal()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(stop.wait, FOREVER_SECONDS, reasons=reasons)
        stop.request(StopReason.HANDED_OVER)

        with pytest.raises(Stopped) as stopped:
            waiting.result()

    assert stopped.value.reason is StopReason.HANDED_OVER


def test_a_wait_is_not_ended_by_a_stop_that_it_is_not_for() -> None:
    stop = StopSignal()
    stop.request(StopReason.CANCELLED)

    stop.wait(0, reasons=[StopReason.FENCED])

    with pytest.raises(Stopped):
        stop.wait(0)


def test_a_fence_ends_the_wait_of_an_answer_that_was_cancelled_before() -> None:
    stop = StopSignal()
    stop.request(StopReason.CANCELLED)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(stop.wait, FOREVER_SECONDS, reasons=[StopReason.FENCED])
        stop.request(StopReason.FENCED)

        with pytest.raises(Stopped) as stopped:
            waiting.result()

    assert stopped.value.reason is StopReason.FENCED
