"""What the log says to a writer."""

from dataclasses import dataclass
from typing import Any

from millstream_contract.errors import Fenced, LogUnavailable


@dataclass(frozen=True, slots=True)
class Appended:
    """What the log said to a writer.

    count: frames that the log holds now; less than was sent up to means that Redis lost some.
    stop: somebody asked for the answer to stop.
    gap: nothing was written, because frames after ``count`` are missing, or a reader found a hole.
    """

    count: int
    stop: bool
    gap: bool = False


def appended_in(response_id: str, reply: list[Any]) -> Appended:
    """Return what append.lua or take_over.lua replied. Raises Fenced, LogUnavailable."""
    match reply:
        case [b"ok", count, stop]:
            return Appended(int(count), bool(stop))
        case [b"gap", count]:
            return Appended(int(count), stop=False, gap=True)
        case [b"fenced", attempt]:
            raise Fenced(response_id, int(attempt))
    raise LogUnavailable(f"unknown reply {reply!r}")
