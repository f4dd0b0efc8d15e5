"""Whether a worker takes answers yet."""

from collections.abc import Callable
from pathlib import Path

_READY = b" ready."


def log_says_ready(log: Path) -> Callable[[], bool]:
    """Return a question: has Celery written since now that this worker consumes its queue?

    Celery tells it by this line only: remote control is off, since it crashes workers when
    Redis restarts.
    """
    begin = log.stat().st_size if log.exists() else 0

    def ask() -> bool:
        if not log.exists():
            return False
        with log.open("rb") as file:
            file.seek(begin if begin <= log.stat().st_size else 0)
            return any(line.rstrip().endswith(_READY) for line in file)

    return ask
