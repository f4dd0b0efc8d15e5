"""Open files: each connection is one, and the system grants a process only so many."""

import logging
import resource
from dataclasses import dataclass
from typing import Final

logger = logging.getLogger(__name__)

_MOST_REQUESTS: Final = 5000
"""Most connections whose requests are read or answered; a stream is no such one any more."""

_FEWEST_REQUESTS: Final = 100
"""As many at least, however few streams there are: a connection that is kept for the next request
of its client holds a place, too, and whoever comes then would wait until it is let go."""

_OTHERS: Final = 500
"""Log, listener, and connections to Redis and PostgreSQL."""


class TooFewFiles(Exception):
    """The system grants this process too few open files."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many streams are served at a time, and how many requests beside them."""

    streams: int
    requests: int


def files_for(streams: int) -> int:
    """Return how many open files it takes to serve so many streams."""
    return streams + min(max(streams, _FEWEST_REQUESTS), _MOST_REQUESTS) + _OTHERS


def room_in(files: int, streams: int) -> Room:
    """Return what fits into so many open files, with no more than so many streams."""
    if files_for(streams) <= files:
        return Room(streams, min(_MOST_REQUESTS, files - _OTHERS - streams))
    half = max(0, files - _OTHERS) // 2
    most = max(half, files - _OTHERS - _MOST_REQUESTS)
    return Room(min(streams, most), min(half, _MOST_REQUESTS))


def make_room(streams: int, *, is_wish: bool) -> Room:
    """Raise the soft limit of open files as far as needed and allowed, and return what fits.

    is_wish: so many streams were asked for; otherwise fewer will do. Raises TooFewFiles.
    """
    room = room_in(_raised_to(files_for(streams)), streams)
    if room.streams >= streams:
        return room
    message = (
        f"MILLSTREAM_MAX_STREAMS={streams} takes {files_for(streams)} open files, but this process "
        f"is granted {_granted()} (RLIMIT_NOFILE, ulimit -n), which is room for {room.streams}."
    )
    if is_wish or room.streams < 1:
        raise TooFewFiles(f"{message} Raise the hard limit, or set fewer streams.")
    logger.warning("%s So many are served; raise the hard limit for more.", message)
    return room


def _granted() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft


def _raised_to(files: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= files:
        return files
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
