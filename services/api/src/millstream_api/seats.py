"""Seats: how many streams this process serves at a time.

A stream holds a file descriptor and memory for as long as its answer takes; without a bound a
process that all come to would lose those that it serves already. Whoever finds no seat is told to
come back, before anything of a question is kept.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from millstream_api.errors import ApiError

_PAUSE_SECONDS: Final = 5


class Seat:
    """The right to one open stream; leave it once the stream has ended."""

    __slots__ = ("_leave", "is_kept")

    def __init__(self, leave: Callable[[], None]) -> None:
        """Take a seat; ``leave`` gives it back."""
        self._leave: Callable[[], None] | None = leave
        self.is_kept = False

    def keep(self) -> None:
        """Hold it beyond the block that it was taken for; whoever does so leaves it."""
        self.is_kept = True

    def leave(self) -> None:
        """Give it back; a second time changes nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class Seats:
    """The seats of this process. One greenlet runs at a time, and none of this waits."""

    def __init__(self, most: int, *, refused: Callable[[], object] = lambda: None) -> None:
        """Have ``most`` seats; ``refused`` is called when somebody finds none."""
        self._most = most
        self._refused = refused
        self.taken = 0

    def take(self) -> Seat:
        """Take a seat. Raises ApiError (503) when there is none."""
        if self.taken >= self._most:
            self._refused()
            message = f"All {self._most} streams of this process are taken; come back soon."
            raise ApiError(503, message, code="streams_full", retry_after_seconds=_PAUSE_SECONDS)
        self.taken += 1
        return Seat(self._give_back)

    @contextmanager
    def one(self) -> Iterator[Seat]:
        """Take a seat for the block, unless it is kept. Raises ApiError (503)."""
        seat = self.take()
        try:
            yield seat
        finally:
            if not seat.is_kept:
                seat.leave()

    def _give_back(self) -> None:
        self.taken -= 1
