"""Bodies of requests: JSON objects, text that PostgreSQL can hold, errors that name fields."""

import json
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StrictInt
from pydantic_core import ErrorDetails

from millstream_api.errors import ApiError, bad_field

_MAX_METADATA_ENTRIES: Final = 16


def _as_integer(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


TokenLimit = Annotated[StrictInt, Field(ge=1, le=100_000), BeforeValidator(_as_integer)]
"""Most tokens of an answer: a whole number as JSON has it, so 3.0 is one; "3" and true are none."""


def json_object(body: bytes) -> dict[str, Any]:
    """Parse a request body. Raises ApiError (400) unless it is a JSON object in UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The body must be JSON in UTF-8; byte {error.start} is not."
        raise ApiError(400, message, code="invalid_utf8", param="body") from None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        message = f"The body must be a JSON object: {_reason(error)}."
        raise ApiError(400, message, code="invalid_json", param="body") from None
    if not isinstance(value, dict):
        message = f"The body must be a JSON object, not {_json_type(value)}."
        raise ApiError(400, message, code="invalid_json", param="body")
    return value


def field_error(error: ErrorDetails) -> ApiError:
    """Return the error for the first field that pydantic refused."""
    param = ".".join(str(part) for part in error["loc"] if not _is_type_name(part)) or "body"
    match error["type"]:
        case "missing":
            return bad_field(param, f"{param} is required.", "missing_required_parameter")
        case "extra_forbidden":
            return bad_field(param, f"{param} is not supported.", "unknown_parameter")
        case "literal_error":
            allowed = error["ctx"]["expected"]
            return bad_field(param, f"{param} must be {allowed}.")
    return bad_field(param, f"{param}: {error['msg']}.", "invalid_type")


def check_metadata_object(value: object) -> dict[str, str]:
    """Return metadata that was checked. Raises ApiError naming the entry."""
    if not isinstance(value, dict):
        raise bad_field("metadata", "metadata must be an object of strings.", "invalid_type")
    for key, entry in value.items():
        if not isinstance(entry, str):
            raise bad_field(f"metadata.{key}", "Each value of metadata must be a string.")
    check_metadata(value)
    return value


def check_text(field: str, value: object) -> None:
    """Raise ApiError naming the field when it is text that PostgreSQL cannot hold."""
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise bad_field(field, f"{field} must not contain the NUL character.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise bad_field(field, f"{field} must be Unicode text: it has half a surrogate pair.")


def check_metadata(metadata: dict[str, str]) -> None:
    """Raise ApiError (400) unless there are few entries, and these are short."""
    if len(metadata) > _MAX_METADATA_ENTRIES:
        raise bad_field("metadata", f"metadata may have up to {_MAX_METADATA_ENTRIES} entries.")
    for key, value in metadata.items():
        if len(key) > 64 or len(value) > 512:
            message = "A key of metadata may have 64 characters, a value 512."
            raise bad_field("metadata", message)
        check_text("metadata", key)
        check_text("metadata", value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _json_type(value: object) -> str:
    return {list: "an array", str: "a string", type(None): "null", bool: "a boolean"}.get(
        type(value), "a number"
    )


def _is_type_name(part: object) -> bool:
    # pydantic adds the tried branch of a union to the place of an error.
    return part in {"str", "ConversationChoice", "[key]"}
