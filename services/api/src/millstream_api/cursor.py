"""The viewer's cursor: which events it has already."""

import re
from dataclasses import dataclass
from typing import Final

from flask import Request

from millstream_api.errors import bad_field
from millstream_api.field_errors import outside, wrong_type

_DIGITS: Final = re.compile(r"-?[0-9]{1,4000}", re.ASCII)

CURSOR_LIMIT: Final = 10**18
"""What fits into an id of a Redis Stream."""


_BY_QUERY: Final = "starting_after"
_BY_HEADER: Final = "Last-Event-ID"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The number of the last event that the viewer has, -1 for none; and what said it."""

    number: int = -1
    param: str = _BY_QUERY


def read_cursor(request: Request) -> Cursor:
    """Return the cursor that a request names.

    ``starting_after`` says it, or the header ``Last-Event-ID`` that a browser sends when it
    reconnects, to the address that it had at first: of two, the later one counts. Raises ApiError
    (400) for anything but one whole number; -1 asks for everything.
    """
    cursor = Cursor()
    for param, values in (
        (_BY_QUERY, request.args.getlist(_BY_QUERY)),
        (_BY_HEADER, request.headers.getlist(_BY_HEADER)),
    ):
        if values and (number := _number(param, values)) > cursor.number:
            cursor = Cursor(number, param)
    return cursor


def check_not_ahead(cursor: Cursor, count: int) -> None:
    """Raise ApiError (400) when a cursor points behind the ``count`` events there are."""
    if cursor.number >= count:
        message = f"{cursor.param} must be below {count}: there are no more events yet."
        raise bad_field(cursor.param, message, "integer_above_max_value")


def _number(param: str, values: list[str]) -> int:
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
