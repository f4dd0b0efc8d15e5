"""What is wrong with a field: codes as OpenAI's, and words that need no knowledge of our code.

The code tells the kind of mistake: ``missing_required_parameter``, ``unknown_parameter``,
``invalid_type``, ``integer_below_min_value`` and ``integer_above_max_value`` (``decimal_...`` for
numbers that need not be whole), ``string_above_max_length``, ``empty_string``, ``empty_array``,
``array_above_max_length``, ``object_above_max_properties``, ``property_name_above_max_length``;
``invalid_value`` for any other value that is not allowed.
"""

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from millstream_api.errors import ApiError, bad_field

_SHOWN: Final = 100
"""Characters of a field's name that an error repeats: a client may call a field anything."""

_NEITHER: Final = "neither"
_ALLOWED_TYPES: Final = {
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "dict_type": "an object",
    "model_type": "an object",
}


def first_error(refused: ValidationError) -> ApiError:
    """Return the error for the first field that pydantic refused, in words of our own."""
    error = refused.errors(include_url=False)[0]
    param = _named(error["loc"])
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return missing(param)
        case "extra_forbidden":
            return unsupported(param)
        case "literal_error":
            return not_among(param, error["input"], context["expected"])
        case "greater_than_equal":
            return below(param, context["ge"])
        case "less_than_equal":
            return above(param, context["le"])
        case "string_too_long":
            return too_long(param, context["max_length"], len(error["input"]))
        case "string_unicode":
            return not_unicode(param)
        case kind if kind in _ALLOWED_TYPES:
            return wrong_type(param, _ALLOWED_TYPES[kind])
        case kind if kind == _NEITHER:
            return wrong_type(param, error["msg"])
    return bad_field(param, f"{param} is not as it must be.")


def neither(allowed: str) -> PydanticCustomError:
    """Return what a validator raises for a value of none of several types, which it names."""
    return PydanticCustomError(_NEITHER, "{allowed}", {"allowed": allowed})


def missing(param: str) -> ApiError:
    """Return the error for a field that must be there."""
    return bad_field(param, f"{param} is required.", "missing_required_parameter")


def unsupported(param: str) -> ApiError:
    """Return the error for a field that is not supported."""
    param = cut(param)
    return bad_field(param, f"{param} is not supported.", "unknown_parameter")


def wrong_type(param: str, allowed: str) -> ApiError:
    """Return the error for a value of another type than is allowed, such as "a string"."""
    return bad_field(param, f"{param} must be {allowed}.", "invalid_type")


def not_among(param: str, given: Any, allowed: str) -> ApiError:
    """Return the error for a value that is none of some strings."""
    code = "invalid_value" if isinstance(given, str) else "invalid_type"
    return bad_field(param, f"{param} must be {allowed}.", code)


def below(param: str, least: float) -> ApiError:
    """Return the error for a number that is too small; the bound tells whether it is whole."""
    message = f"{param} must be at least {_plain(least)}."
    return bad_field(param, message, f"{_kind(least)}_below_min_value")


def above(param: str, most: float) -> ApiError:
    """Return the error for a number that is too large; the bound tells whether it is whole."""
    message = f"{param} must be at most {_plain(most)}."
    return bad_field(param, message, f"{_kind(most)}_above_max_value")


def too_long(param: str, most: int, length: int) -> ApiError:
    """Return the error for a text that is too long, in characters."""
    message = f"{param} may have up to {most} characters; it has {length}."
    return bad_field(param, message, "string_above_max_length")


def empty(param: str) -> ApiError:
    """Return the error for an empty text where there must be one."""
    return bad_field(param, f"{param} must have at least 1 character.", "empty_string")


def outside(param: str, given: float, least: float, most: float) -> ApiError:
    """Return the error for a number that is not from ``least`` to ``most``."""
    return below(param, least) if given < least else above(param, most)


def not_unicode(param: str) -> ApiError:
    """Return the error for text that no encoding can carry."""
    return bad_field(param, f"{param} must be Unicode text: it has half a surrogate pair.")


def cut(param: str) -> str:
    """Return a field's name, short enough to be repeated."""
    return param if len(param) <= _SHOWN else f"{param[:_SHOWN]}…"


def _named(place: tuple[int | str, ...]) -> str:
    return cut(".".join(map(str, place))) or "body"


def _kind(bound: float) -> str:
    return "integer" if isinstance(bound, int) else "decimal"


def _plain(bound: float) -> float:
    return int(bound) if bound == int(bound) else bound
