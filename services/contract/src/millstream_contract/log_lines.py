"""Log lines: for people (text), or one JSON object each (json) for a collector.

No line carries what a user asked, what a document says or what a model answered; of an exception,
json shows its type and where it was raised, but not its words, which may quote any of these.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

LogFormat = Literal["text", "json"]

_about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039  (never changed)

_RESPONSE: Final = re.compile(r"\bresp_[0-9A-Za-z]+")
_ATTEMPT: Final = re.compile(r"\battempt (\d+)\b")


@contextmanager
def lines_about(**fields: Any) -> Iterator[None]:
    """Within the block, lines of this thread (or greenlet) carry these fields, in json.

    response_id, attempt, trace_id and request_id are the ones that are used; text shows the last.
    """
    before = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(before)


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object: time, level, logger, message, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message = record.getMessage()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            **_named_in(message),
            **_about.get(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = without_words(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """Writes a record for people, with the request that it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = super().format(record)
        request_id = _about.get().get("request_id")
        return f"{line} (request {request_id})" if request_id else line


def set_up_log_lines(
    level: int | str, format_: LogFormat, text_format: str, stream: TextIO = sys.stderr
) -> None:
    """Print all log lines of the process to ``stream``."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if format_ == "json" else TextLines(text_format))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _named_in(message: str) -> dict[str, Any]:
    # Threads that serve many answers at a time (reaper, heartbeat) name the one that they mean.
    named: dict[str, Any] = {}
    if found := _RESPONSE.search(message):
        named["response_id"] = found[0]
    if found := _ATTEMPT.search(message):
        named["attempt"] = int(found[1])
    return named


def without_words(error: BaseException) -> dict[str, Any]:
    """Return the type of an exception and where it was raised, but not its words."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }
