"""A wait of the launcher ends when there is something to look at, not when a clock says so."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from millstream_embedded.errors import StopRequested
from millstream_embedded.stop_signals import StopSignals

FOREVER_SECONDS = 3600.0
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    """The process' own handlers are put back afterwards."""
    handlers = {number: signal.getsignal(number) for number in NUMBERS}
    yield StopSignals()
    signal.set_wakeup_fd(-1)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_stop_ends_a_wait_at_once_also_one_that_comes_later(
    signals: StopSignals, number: signal.Signals
) -> None:
    signal.raise_signal(number)

    signals.wait(FOREVER_SECONDS)
    signals.wait(FOREVER_SECONDS)

    with pytest.raises(StopRequested):
        signals.check()


def test_who_wakes_it_from_another_thread_ends_one_wait(signals: StopSignals) -> None:
    with ThreadPoolExecutor(1) as threads:
        threads.submit(signals.wake)
        signals.wait(FOREVER_SECONDS)

    signals.wait(0)
    signals.check()
