"""A turnstile: so many questions are being accepted at a time, and the others wait in their order.

Each needs a connection to PostgreSQL and one to Redis, for a moment. When all that come at once go
for them side by side, each step of each takes long, and many give up on the way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gevent.lock import BoundedSemaphore

from millstream_api.errors import ApiError

_PAUSE_SECONDS: Final = 5


class Turnstile:
    """Lets ``abreast`` through at a time, first come first served."""

    def __init__(self, abreast: int, *, patience_seconds: float) -> None:
        """Refuse whoever would wait for longer than ``patience_seconds``."""
        self._places = BoundedSemaphore(abreast)
        self._patience_seconds = patience_seconds

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait for a place, and hold it for the block. Raises ApiError (503)."""
        if not self._places.acquire(timeout=self._patience_seconds):
            message = "More come at once than can be let in; nothing was kept, ask again soon."
            raise ApiError(503, message, code="overloaded", retry_after_seconds=_PAUSE_SECONDS)
        try:
            yield
        finally:
            self._places.release()
