"""Ctrl-C, SIGTERM and a closed terminal all ask for the same stop."""

import signal
from types import FrameType

from millstream_embedded.errors import StopRequested

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Notes that a stop was asked for; whoever works looks when it is safe to stop."""

    def __init__(self) -> None:
        """Listen from now on."""
        self.requested = False
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raise StopRequested when somebody asked."""
        if self.requested:
            raise StopRequested

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        # no lock here: a handler runs in the middle of anything
        self.requested = True
