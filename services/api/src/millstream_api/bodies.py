"""Bodies of requests: JSON objects, text that PostgreSQL can hold, errors that name fields."""

import json
import sys
from math import copysign, isfinite
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StrictInt, StrictStr

from millstream_api.errors import ApiError, bad_field
from millstream_api.field_errors import cut, not_unicode, too_long, wrong_type

_MAX_METADATA_ENTRIES: Final = 16
_MAX_METADATA_NAME: Final = 64
_MAX_METADATA_VALUE: Final = 512


_BYTE_ORDER_MARK: Final = "\ufeff"

_LONGEST_NUMBER: Final = 300
"""Digits of a number that is read exactly; one with more is beyond every bound."""


def _as_integer(value: Any) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return int(copysign(sys.maxsize, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


TokenLimit = Annotated[StrictInt, Field(ge=1, le=100_000), BeforeValidator(_as_integer)]
"""Most tokens of an answer: a whole number as JSON has it, so 3.0 is one; "3" and true are none."""

Temperature = Annotated[float, Field(ge=0, le=2, strict=True)]
"""How much chance there is in an answer: a number, whole or not."""


ModelName = Annotated[StrictStr, Field(max_length=200)]
"""Which endpoint is to answer."""


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a request body. Raises ApiError (400) unless it is a JSON object in UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The body must be JSON in UTF-8; byte {error.start} is not."
        raise ApiError(400, message, code="invalid_utf8", param="body") from None
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_number)
    except (ValueError, RecursionError) as error:
        message = f"The body must be a JSON object: {_reason(error)}."
        raise ApiError(400, message, code="invalid_json", param="body") from None
    if not isinstance(value, dict):
        message = f"The body must be a JSON object, not {_json_type(value)}."
        raise ApiError(400, message, code="invalid_json", param="body")
    return value


def check_metadata_object(value: object) -> dict[str, str]:
    """Return metadata that was checked. Raises ApiError naming the entry."""
    if not isinstance(value, dict):
        raise wrong_type("metadata", "an object of strings")
    for key, entry in value.items():
        if not isinstance(entry, str):
            raise wrong_type(cut(f"metadata.{key}"), "a string")
    check_metadata(value)
    return value


def check_text(field: str, value: object) -> None:
    """Raise ApiError naming the field when it is text that PostgreSQL cannot hold."""
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise bad_field(field, f"{field} must not contain the NUL character.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise not_unicode(field)


def check_metadata(metadata: dict[str, str]) -> None:
    """Raise ApiError (400) unless there are few entries, and these are short."""
    if len(metadata) > _MAX_METADATA_ENTRIES:
        message = f"metadata may have up to {_MAX_METADATA_ENTRIES} entries."
        raise bad_field("metadata", message, "object_above_max_properties")
    for key, value in metadata.items():
        if len(key) > _MAX_METADATA_NAME:
            message = f"A name in metadata may have up to {_MAX_METADATA_NAME} characters."
            raise bad_field("metadata", message, "property_name_above_max_length")
        check_text("metadata", key)
        if len(value) > _MAX_METADATA_VALUE:
            raise too_long(f"metadata.{key}", _MAX_METADATA_VALUE, len(value))
        check_text(f"metadata.{key}", value)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _reason(error: Exception) -> str:
    # Python's own words are no client's: they tell of its functions.
    match error:
        case RecursionError():
            return "it is nested too deeply"
        case json.JSONDecodeError(doc=text) if text.startswith(_BYTE_ORDER_MARK):
            return "it must not begin with a byte order mark"
        case json.JSONDecodeError(lineno=line, colno=column):
            return f"it is no JSON at line {line}, column {column}"
    return str(error)


def _json_type(value: object) -> str:
    return {list: "an array", str: "a string", type(None): "null", bool: "a boolean"}.get(
        type(value), "a number"
    )
