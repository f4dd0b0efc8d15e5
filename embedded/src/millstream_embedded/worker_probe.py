"""Whether a worker takes answers yet."""

import os
from collections.abc import Callable
from pathlib import Path

_READY = b" ready: takes jobs from queue "


def log_says_ready(log: Path) -> Callable[[], bool]:
    """Return a question: has the worker written since now that it takes jobs?

    There is nobody else to ask: a worker serves nothing, and Celery's remote control is off, since
    it crashes workers when Redis restarts. Between now and the question may be months, in which
    the file was begun anew.
    """
    begin, begun_in = _end_of(log)

    def ask() -> bool:
        try:
            file = log.open("rb")
        except FileNotFoundError:
            return False
        with file:
            now = os.fstat(file.fileno())
            is_same = now.st_ino == begun_in and now.st_size >= begin
            file.seek(begin if is_same else 0)
            return any(_READY in line for line in file)

    return ask


def _end_of(log: Path) -> tuple[int, int | None]:
    """Return the size of a file, and which one it is."""
    try:
        found = log.stat()
    except FileNotFoundError:
        return 0, None
    return found.st_size, found.st_ino
