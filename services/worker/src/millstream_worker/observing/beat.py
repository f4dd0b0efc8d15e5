"""Whether the loop that takes jobs is alive.

Celery's loop runs its timers only as long as it runs itself, so a timer of ours is its pulse. While
Redis is away the loop waits for it in connect(), which calls us too: a worker is not to be killed,
with all its answers, because a server is away. Nor because it is told to end: that ends the loop,
and jobs that run may go on for longer than a loop may be silent.
"""

import time
from collections.abc import Callable
from typing import Any, Final

BEAT_EVERY_SECONDS: Final = 1.0

SILENCE_SECONDS: Final = 30.0
"""A loop that was silent this long is stuck: it waits 10 s for a reply of Redis at the longest."""


class Beat:
    """When the loop last showed a sign of life. One per process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin as if it just had."""
        self._clock = clock
        self._last = clock()
        self.is_ready = False
        """The worker is registered at the broker, and takes jobs."""
        self._has_ended = False

    def beat(self, *_: Any, **__: Any) -> None:
        """Note a sign of life."""
        self._last = self._clock()

    def end(self) -> None:
        """Note that the worker is told to end: its loop ends, and takes no more jobs."""
        self.is_ready = False
        self._has_ended = True

    def silent_seconds(self) -> float:
        """Return how long ago that was; 0 once the loop has ended as it should."""
        return 0.0 if self._has_ended else self._clock() - self._last

    @property
    def is_alive(self) -> bool:
        """Whether the loop runs, waits for its broker, or has ended as it should."""
        return self.silent_seconds() < SILENCE_SECONDS
