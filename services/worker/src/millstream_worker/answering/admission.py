"""Admission: a worker begins answers only as fast as its heartbeat keeps up with them.

A process that has more to do than its CPU can renews its leases late. Past the end of a lease
others take its answers for lost and begin them anew, which adds to the load: the worst moment to
do so. So what cannot begin in good order waits in line, as it would if all places were taken.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from millstream_worker.answering.stopping import StopSignal

_MOST_BEGINS_PER_BEAT: Final = 16
"""To begin is the dearest part of an answer; a wave of them would hold up the next beat."""

_LOOK_SECONDS: Final = 0.5


class Admission:
    """Lets answers begin, or wait."""

    def __init__(
        self,
        *,
        late_seconds: float,
        held: Callable[[], int],
        most_begins: int = _MOST_BEGINS_PER_BEAT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Beats further apart than ``late_seconds`` are late; ``held`` counts running answers."""
        self._late_seconds = late_seconds
        self._held = held
        self._most_begins = most_begins
        self._clock = clock
        self._beaten = threading.Condition()
        self._last_beat = clock()
        self._was_late = False
        self._begins = 0

    def beaten(self) -> None:
        """Note that all leases were renewed just now."""
        with self._beaten:
            now = self._clock()
            self._was_late = now - self._last_beat > self._late_seconds
            self._last_beat = now
            self._begins = 0
            self._beaten.notify_all()

    def enter(self, stop: StopSignal) -> None:
        """Wait until an answer may begin. Raises Stopped when it is not to begin here."""
        with self._beaten:
            while not self._may_begin():
                stop.check()
                self._beaten.wait(_LOOK_SECONDS)
            self._begins += 1

    def _may_begin(self) -> bool:
        if self._begins >= self._most_begins:
            return False
        # With nothing running the load is not ours: waiting would not lighten it.
        return not self._held() or not (self._was_late or self._is_late())

    def _is_late(self) -> bool:
        return self._clock() - self._last_beat > self._late_seconds
