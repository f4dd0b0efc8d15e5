"""Every wait of a test is bounded and says what it waited for."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
FACTOR_VARIABLE = "MILLSTREAM_TEST_DEADLINE_FACTOR"


class DeadlinePassed(AssertionError):
    """What was waited for did not happen in time."""


def scaled(seconds: float) -> float:
    """Give a deadline in seconds for this machine: slow ones set the factor by environment."""
    return seconds * float(os.environ.get(FACTOR_VARIABLE, "1"))


def eventually(
    what: str, probe: Callable[[], T | None], seconds: float = 10.0, every_seconds: float = 0.02
) -> T:
    """Ask until `probe` gives something true, and give that.

    For what tells no event; where there is one, await it. Who stood still himself until the
    deadline had passed looks once more. Raises DeadlinePassed, naming `what`.
    """
    limit = scaled(seconds)
    deadline = time.monotonic() + limit
    while True:
        is_last_look = time.monotonic() >= deadline
        if found := probe():
            return found
        if is_last_look:
            raise DeadlinePassed(f"waited {limit:g} s for {what}")
        time.sleep(every_seconds)
