"""What may be asked: the body of POST /v1/responses, checked field by field."""

from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
)

from millstream_api.bodies import (
    ModelName,
    Temperature,
    TokenLimit,
    check_metadata,
    check_text,
    json_object,
)
from millstream_api.errors import ApiError, bad_field
from millstream_api.field_errors import empty, first_error, neither, too_long, wrong_type
from millstream_api.messages import check_question, question_among, read_messages
from millstream_api.no_effect import RESPONSES, without_effect
from millstream_api.settings import Settings
from millstream_contract.identifiers import Kind, is_id
from millstream_contract.ledger.new_entries import NewMessage, NewResponse, WhenBusy

_MAX_KEY_LENGTH: Final = 200


class ConversationChoice(BaseModel):
    """A conversation, named as an object."""

    model_config = ConfigDict(extra="forbid")

    id: StrictStr


def _as_choice(given: Any) -> Any:
    # No union: its errors would tell of the branch that was not meant.
    if isinstance(given, str):
        return {"id": given}
    if given is None or isinstance(given, dict):
        return given
    raise neither("an id or an object with one")


class Extension(BaseModel):
    """What a question may say beyond the original API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when_busy: WhenBusy | None = None
    replaces: StrictStr | None = None


class CreateResponse(BaseModel):
    """The body of POST /v1/responses. A field that is not here is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Any
    stream: StrictBool | None = None
    background: StrictBool | None = None
    conversation: Annotated[ConversationChoice | None, BeforeValidator(_as_choice)] = None
    previous_response_id: StrictStr | None = None
    model: ModelName | None = None
    instructions: StrictStr | None = Field(None, max_length=4000)
    metadata: dict[StrictStr, StrictStr] | None = None
    max_output_tokens: TokenLimit | None = None
    temperature: Temperature | None = None
    store: StrictBool | None = None
    millstream: Extension | None = None

    @property
    def extension(self) -> Extension:
        """What is asked beyond the original API."""
        return self.millstream or Extension()

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id, however it was named."""
        return self.conversation.id if self.conversation else None


def read_question(body: bytes, settings: Settings) -> CreateResponse:
    """Return the checked body of POST /v1/responses. Raises ApiError naming the field."""
    raw = without_effect(json_object(body), RESPONSES)
    check_text("instructions", raw.get("instructions"))
    try:
        asked = CreateResponse.model_validate(raw)
    except ValidationError as error:
        raise first_error(error) from None
    check_metadata(asked.metadata or {})
    _check_ids(asked)
    check_store(asked.store)
    check_model(asked.model, settings)
    return asked


def new_response(
    asked: CreateResponse, owner: str, idempotency_key: str | None, settings: Settings
) -> NewResponse:
    """Return what the ledger is to accept. Raises ApiError naming the field."""
    question, messages = _read_input(asked.input, settings.max_input_characters)
    return NewResponse(
        owner=owner,
        question=question,
        messages=messages,
        model=settings.endpoint_for(asked.model),
        background=bool(asked.background),
        conversation_id=asked.conversation_id,
        previous_response_id=asked.previous_response_id,
        instructions=asked.instructions,
        max_output_tokens=asked.max_output_tokens,
        temperature=asked.temperature,
        metadata=asked.metadata or {},
        idempotency_key=checked_key(idempotency_key),
        replaces=asked.extension.replaces,
        when_busy=asked.extension.when_busy,
    )


def checked_key(key: str | None) -> str | None:
    """Return an Idempotency-Key. Raises ApiError (400) when it is too long, empty, or two."""
    name = "Idempotency-Key"
    if key == "":
        raise empty(name)
    if key is not None and len(key) > _MAX_KEY_LENGTH:
        raise too_long(name, _MAX_KEY_LENGTH, len(key))
    # Servers and proxies join two headers of one name by a comma, and may do so for any.
    if key is not None and "," in key:
        raise bad_field(name, f"{name} must be given once, and have no comma.")
    return key


def check_model(model: str | None, settings: Settings) -> None:
    """Raise ApiError (400) unless the model is served, or any name is taken for the default's."""
    if model is None or model in settings.models or settings.unknown_model == "default":
        return
    message = f"There is no model {model!r}; model must be one of: {', '.join(settings.models)}."
    raise bad_field("model", message, "model_not_found")


def check_store(store: bool | None) -> None:
    """Raise ApiError (400) when an answer is not to be stored."""
    if store is False:
        message = (
            "store must be true: an answer that is not stored could be lost."
            " DELETE /v1/responses/{id} takes one away when it is no longer needed."
        )
        raise bad_field("store", message, "unsupported_value")


def _read_input(given: object, max_characters: int) -> tuple[str, tuple[NewMessage, ...]]:
    if isinstance(given, str):
        check_text("input", given)
        check_question("input", given, max_characters)
        return given, (NewMessage("user", (given,)),)
    if not isinstance(given, list):
        raise wrong_type("input", "a string or a list of messages")
    messages = read_messages("input", given)
    question = question_among("input", messages, max_characters)
    return question, tuple(message for _, message in messages)


def _check_ids(asked: CreateResponse) -> None:
    _check_id("conversation", asked.conversation_id, "conv")
    _check_id("previous_response_id", asked.previous_response_id, "resp")
    _check_id("millstream.replaces", asked.extension.replaces, "resp")
    if asked.previous_response_id is None:
        return
    for name, given in (
        ("conversation", asked.conversation_id),
        ("millstream.replaces", asked.extension.replaces),
    ):
        if given is not None:
            message = f"previous_response_id and {name} exclude each other: give one of them."
            raise ApiError(
                400, message, code="mutually_exclusive_parameters", param="previous_response_id"
            )


def _check_id(param: str, given: str | None, kind: Kind) -> None:
    if given is not None and not is_id(given, kind):
        raise bad_field(param, f"{param} must be an id such as '{kind}_…'.")
