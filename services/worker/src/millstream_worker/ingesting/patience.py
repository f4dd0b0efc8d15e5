"""Trying again while something is away: for a bounded time, with growing pauses."""

import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Final, TypeVar

T = TypeVar("T")

_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 10.0


def with_patience(
    act: Callable[[], T],
    *,
    patience_seconds: float,
    away: Callable[[Exception], bool],
    stopping: Event,
) -> T:
    """Return what ``act`` returns, trying again while it raises what ``away`` says yes to.

    The last error is raised when ``patience_seconds`` are over, or when ``stopping`` is set.
    """
    deadline = time.monotonic() + patience_seconds
    for pause in _pauses():
        try:
            return act()
        except Exception as error:
            if not away(error) or time.monotonic() + pause > deadline or stopping.wait(pause):
                raise
    raise AssertionError("there is always another pause")


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
