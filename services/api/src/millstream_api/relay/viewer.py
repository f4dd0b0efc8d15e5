"""A viewer's mailbox: what was published for it and it has not sent on yet."""

from collections import deque
from collections.abc import Callable

from gevent.event import Event

from millstream_contract.token_log import LiveBatch


class Mailbox:
    """Live batches that wait for one viewer, bounded in bytes.

    When the viewer does not keep up, what waits is dropped and ``must_reread`` is set: the log
    holds it all, so nothing is lost and nothing grows.
    """

    def __init__(self, limit_bytes: int, overflowed: Callable[[], object] = lambda: None) -> None:
        """Hold up to ``limit_bytes`` of live frames; ``overflowed`` is called when it was more."""
        self._limit = limit_bytes
        self._overflowed = overflowed
        self._batches: deque[LiveBatch] = deque()
        self._bytes = 0
        self._something = Event()
        self._aside = b""
        self.must_reread = False

    def put(self, batch: LiveBatch, _chunk: bytes = b"") -> None:
        """Add a batch, or drop everything when that is too much. Never blocks."""
        if self.must_reread:
            return
        self._bytes += len(batch.data)
        if self._bytes > self._limit:
            self.reread()
            self._overflowed()
            return
        self._batches.append(batch)
        self._something.set()

    def aside(self, data: bytes) -> None:
        """Keep what was told beside the stream, if the viewer has nothing else to do."""
        if self.is_empty:
            self._aside = data
            self._something.set()

    def take_aside(self) -> bytes:
        """Return what was told beside the stream, once."""
        data, self._aside = self._aside, b""
        return data

    def reread(self) -> None:
        """Tell the viewer to read the log: the subscription may have missed something."""
        self._batches.clear()
        self._bytes = 0
        self.must_reread = True
        self._something.set()

    @property
    def is_empty(self) -> bool:
        """True when the viewer has nothing to do."""
        return not self._batches and not self.must_reread

    def wake(self) -> None:
        """Let the viewer look around at once."""
        self._something.set()

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until something happens."""
        self._something.clear()
        self._something.wait(seconds)

    def take(self, wait_seconds: float) -> list[LiveBatch]:
        """Return what has come, waiting for it; nothing when the time is over or on reread."""
        self._something.wait(wait_seconds)
        self._something.clear()
        batches = list(self._batches)
        self._batches.clear()
        self._bytes = 0
        return batches
