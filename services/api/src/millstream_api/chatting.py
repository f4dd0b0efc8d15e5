"""The body of POST /v1/chat/completions, as the question that it asks."""

from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, StrictStr, ValidationError

from millstream_api.asking import check_model, check_store, checked_key
from millstream_api.bodies import ModelName, Temperature, TokenLimit, check_metadata, json_object
from millstream_api.errors import bad_field
from millstream_api.field_errors import first_error
from millstream_api.messages import question_among, read_messages
from millstream_api.no_effect import CHAT, without_effect
from millstream_api.settings import Settings
from millstream_contract.ledger.new_entries import NewResponse


class StreamOptions(BaseModel):
    """How a completion is streamed. Nothing is ever obfuscated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include_usage: StrictBool | None = None
    include_obfuscation: StrictBool | None = None


class CreateCompletion(BaseModel):
    """The body of POST /v1/chat/completions. A field that is not here is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: Any
    model: ModelName | None = None
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: TokenLimit | None = None
    max_completion_tokens: TokenLimit | None = None
    temperature: Temperature | None = None
    metadata: dict[StrictStr, StrictStr] | None = None
    store: StrictBool | None = None

    @property
    def wants_usage(self) -> bool:
        """True when a stream is to end with the tokens counted."""
        return bool(self.stream_options and self.stream_options.include_usage)


def read_completion(body: bytes, settings: Settings) -> CreateCompletion:
    """Return the checked body. Raises ApiError naming the field."""
    raw = without_effect(json_object(body), CHAT)
    try:
        asked = CreateCompletion.model_validate(raw)
    except ValidationError as error:
        raise first_error(error) from None
    options = asked.stream_options
    if options is not None and not asked.stream:
        raise bad_field("stream_options", "stream_options needs stream to be true.")
    if options is not None and options.include_obfuscation:
        name = "stream_options.include_obfuscation"
        raise bad_field(name, f"{name} must be false or null.", "unsupported_value")
    check_metadata(asked.metadata or {})
    check_store(asked.store)
    check_model(asked.model, settings)
    return asked


def new_response(
    asked: CreateCompletion, owner: str, idempotency_key: str | None, settings: Settings
) -> NewResponse:
    """Return what the ledger is to accept. Raises ApiError naming the field."""
    messages = read_messages("messages", asked.messages, tell_by="role")
    return NewResponse(
        owner=owner,
        question=question_among("messages", messages, settings.max_input_characters),
        messages=tuple(message for _, message in messages),
        model=settings.endpoint_for(asked.model),
        max_output_tokens=_token_limit(asked),
        temperature=asked.temperature,
        metadata=asked.metadata or {},
        idempotency_key=checked_key(idempotency_key),
    )


def _token_limit(asked: CreateCompletion) -> int | None:
    newer, older = asked.max_completion_tokens, asked.max_tokens
    if newer is not None and older is not None and newer != older:
        message = "max_tokens must equal max_completion_tokens, or be left out."
        raise bad_field("max_tokens", message)
    return older if newer is None else newer
