"""Patience: repeat a call while what it needs is away."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from millstream_contract.errors import LedgerUnavailable, LogUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")
_FIRST_WAIT_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 1.0


class Waits:
    """How long to wait before each next try."""

    def __init__(self) -> None:
        self._next = _FIRST_WAIT_SECONDS

    @staticmethod
    def after(failures: int) -> float:
        """Return seconds to wait after so many failures, from 1, for something that is costly."""
        return float(min(0.25 * 2 ** (failures - 1), 4.0))

    def next(self) -> float:
        """Return seconds to wait before the next try."""
        now, self._next = self._next, min(2 * self._next, _LONGEST_WAIT_SECONDS)
        return now


def patiently(
    call: Callable[[], T], *, what: str, seconds: float, wait: Callable[[float], object]
) -> T:
    """Return what ``call`` returns, repeating it while PostgreSQL or Redis is away.

    seconds: for how long; then the last error is raised.
    wait: waits so many seconds; what it raises ends the repeating.
    """
    deadline = time.monotonic() + seconds
    pauses = Waits()
    told = False
    while True:
        try:
            result = call()
        except (LedgerUnavailable, LogUnavailable) as error:
            if time.monotonic() >= deadline:
                raise
            if not told:
                logger.warning("%s: %s Trying again.", what, error)
                told = True
        else:
            if told:
                logger.info("%s: it worked now", what)
            return result
        wait(pauses.next())
