"""Whether a worker takes answers yet."""

from collections.abc import Callable
from pathlib import Path

_READY = b" ready: takes jobs from queue "


def log_says_ready(log: Path) -> Callable[[], bool]:
    """Return a question: has the worker written since now that it takes jobs?

    There is nobody else to ask: a worker serves nothing, and Celery's remote control is off, since
    it crashes workers when Redis restarts.
    """
    begin = log.stat().st_size if log.exists() else 0

    def ask() -> bool:
        if not log.exists():
            return False
        with log.open("rb") as file:
            file.seek(begin if begin <= log.stat().st_size else 0)
            return any(_READY in line for line in file)

    return ask
