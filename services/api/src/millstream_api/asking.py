"""What may be asked: the body of POST /v1/responses, checked field by field."""

import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError
from pydantic_core import ErrorDetails

from millstream_api.errors import ApiError, bad_field
from millstream_api.settings import Settings
from millstream_contract.identifiers import is_id
from millstream_contract.ledger.rows import NewResponse, WhenBusy

_MAX_METADATA_ENTRIES: Final = 16
_MAX_KEY_LENGTH: Final = 200


class ConversationChoice(BaseModel):
    """A conversation, named as an object."""

    model_config = ConfigDict(extra="forbid")

    id: StrictStr


class Extension(BaseModel):
    """What a question may say beyond the original API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when_busy: WhenBusy | None = None
    replaces: StrictStr | None = None


class CreateResponse(BaseModel):
    """The body of POST /v1/responses. A field that is not here is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: StrictStr
    stream: StrictBool = False
    background: StrictBool = False
    conversation: StrictStr | ConversationChoice | None = None
    model: StrictStr | None = Field(None, max_length=200)
    instructions: StrictStr | None = Field(None, max_length=4000)
    metadata: dict[StrictStr, StrictStr] | None = None
    max_output_tokens: int | None = Field(None, ge=1, le=100_000, strict=True)
    temperature: float | None = Field(None, ge=0, le=2, strict=True)
    store: StrictBool | None = None
    millstream: Extension | None = None

    @property
    def extension(self) -> Extension:
        """What is asked beyond the original API."""
        return self.millstream or Extension()

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id, however it was named."""
        chosen = self.conversation
        return chosen.id if isinstance(chosen, ConversationChoice) else chosen


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


def read_question(body: bytes, settings: Settings) -> CreateResponse:
    """Return the checked body of POST /v1/responses. Raises ApiError naming the field."""
    raw = json_object(body)
    for field in ("input", "instructions"):
        check_text(field, raw.get(field))
    try:
        asked = CreateResponse.model_validate(raw)
    except ValidationError as error:
        raise field_error(error.errors()[0]) from None
    _check_input(asked.input, settings.max_input_characters)
    _check_metadata(asked.metadata or {})
    if asked.conversation_id is not None and not is_id(asked.conversation_id, "conv"):
        raise bad_field("conversation", "conversation must be an id such as 'conv_…'.")
    replaces = asked.extension.replaces
    if replaces is not None and not is_id(replaces, "resp"):
        raise bad_field("millstream.replaces", "replaces must be an id such as 'resp_…'.")
    if asked.store is False:
        raise bad_field("store", "store must be true: an answer that is not stored can be lost.")
    return asked


def new_response(
    asked: CreateResponse, owner: str, idempotency_key: str | None, settings: Settings
) -> NewResponse:
    """Return what the ledger is to accept."""
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= _MAX_KEY_LENGTH:
        message = f"Idempotency-Key must have 1 to {_MAX_KEY_LENGTH} characters."
        raise bad_field("Idempotency-Key", message)
    return NewResponse(
        owner=owner,
        question=asked.input,
        model=settings.endpoint_for(asked.model),
        background=asked.background,
        conversation_id=asked.conversation_id,
        instructions=asked.instructions,
        max_output_tokens=asked.max_output_tokens,
        temperature=asked.temperature,
        metadata=asked.metadata or {},
        idempotency_key=idempotency_key,
        replaces=asked.extension.replaces,
        when_busy=asked.extension.when_busy,
    )


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
    _check_metadata(value)
    return value


def check_text(field: str, value: object) -> None:
    """Raise ApiError naming the field when it is text that PostgreSQL cannot hold."""
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise bad_field(field, f"{field} must not contain the NUL character.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise bad_field(field, f"{field} must be Unicode text: it has half a surrogate pair.")


def _check_input(text: str, limit: int) -> None:
    if not text.strip():
        raise bad_field("input", "input must be a question: it is empty or blank.")
    if len(text) > limit:
        message = f"input may have up to {limit} characters; it has {len(text)}."
        raise bad_field("input", message, "string_above_max_length")


def _check_metadata(metadata: dict[str, str]) -> None:
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
