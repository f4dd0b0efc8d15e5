"""Ctrl-C, SIGTERM and a closed terminal all ask for the same stop."""

import contextlib
import os
import select
import signal
from types import FrameType

from millstream_embedded.errors import StopRequested

_MOST_WAKINGS = 4096
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Notes that a stop was asked for; whoever works looks when it is safe to stop."""

    def __init__(self) -> None:
        """Listen from now on."""
        self.requested = False
        self._awake, self._wake = os.pipe()
        os.set_blocking(self._awake, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raise StopRequested when somebody asked."""
        if self.requested:
            raise StopRequested

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until a stop is asked for, or `wake` is called."""
        woken, _, _ = select.select([self._awake], [], [], 0 if self.requested else seconds)
        if woken:
            os.read(self._awake, _MOST_WAKINGS)

    def wake(self) -> None:
        """End the wait, from any thread: there is something to look at."""
        with contextlib.suppress(BlockingIOError):  # full: it is awake
            os.write(self._wake, b"\0")

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        # no lock here: a handler runs in the middle of anything
        self.requested = True
