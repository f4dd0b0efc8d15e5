"""The viewer's cursor: which events it has already."""

import re
from typing import Final

from flask import Request

from millstream_api.errors import bad_field
from millstream_api.field_errors import outside, wrong_type

_DIGITS: Final = re.compile(r"-?[0-9]{1,4000}", re.ASCII)

CURSOR_LIMIT: Final = 10**18
"""What fits into an id of a Redis Stream."""


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
        raise bad_field("starting_after", message, "integer_above_max_value")


def _cursor(param: str, values: list[str]) -> int:
    if len(values) > 1:
        raise bad_field(param, f"{param} must be given once.")
    if _DIGITS.fullmatch(values[0]) is None:
        allowed = "the sequence_number of an event: a whole number from 0 (-1: none)"
        raise wrong_type(param, allowed)
    return checked_cursor(param, int(values[0]))


def checked_cursor(param: str, cursor: int) -> int:
    """Return a cursor that may be one. Raises ApiError (400) naming the bound."""
    if not -1 <= cursor < CURSOR_LIMIT:
        raise outside(param, cursor, -1, CURSOR_LIMIT - 1)
    return cursor
