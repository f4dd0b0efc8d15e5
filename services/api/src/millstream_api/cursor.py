"""The viewer's cursor: which events it has already."""

import re
from typing import Final

from flask import Request

from millstream_api.errors import ApiError, bad_field

_DIGITS: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def read_cursor(request: Request) -> int:
    """Return the number of the last event that the viewer has, -1 for none.

    ``starting_after`` says it, or the header ``Last-Event-ID`` that a browser sends when it
    reconnects, to the address that it had at first: of two, the later one counts. Raises ApiError
    (400) for anything but one whole number; -1 asks for everything.
    """
    cursor = -1
    for param, values in (
        ("starting_after", request.args.getlist("starting_after")),
        ("Last-Event-ID", request.headers.getlist("Last-Event-ID")),
    ):
        if values:
            cursor = max(cursor, _cursor(param, values))
    return cursor


def check_not_ahead(cursor: int, count: int) -> None:
    """Raise ApiError (400) when a cursor points behind the ``count`` events there are."""
    if cursor >= count:
        message = f"starting_after must be below {count}: there are no more events yet."
        raise bad_field("starting_after", message)


def _cursor(param: str, values: list[str]) -> int:
    if len(values) > 1:
        raise bad_field(param, f"{param} must be given once.")
    if _DIGITS.fullmatch(values[0]) is None or int(values[0]) < -1:
        raise _not_a_cursor(param)
    return int(values[0])


def _not_a_cursor(param: str) -> ApiError:
    message = f"{param} must be the sequence_number of an event: a whole number from 0 (-1: none)."
    return bad_field(param, message)
