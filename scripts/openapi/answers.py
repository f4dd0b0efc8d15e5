"""What the API answers with: schemas of JSON bodies, from the types that make them.

What only a route puts together has a type of its own here; tests hold every live answer to it.
"""

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from millstream_contract.objects import (
    Feedback,
    FileCitation,
    FileSearchCall,
    Rating,
    ResponseObject,
    Status,
    Value,
)
from scripts.make_stream_contract import EVENTS, Whole
from scripts.openapi.completions import Completion, completion_event
from scripts.openapi.schemas import ref

REF = "#/components/schemas/{model}"


class InputText(Value):
    """A text that was said to the model."""

    type: Literal["input_text"]
    text: str


class SaidText(Value):
    """A text that the model said."""

    type: Literal["output_text"]
    text: str
    annotations: tuple[FileCitation, ...]
    logprobs: tuple[()]


class ItemDetails(Value):
    """What Millstream adds to an item: feedback to the response it is the output of."""

    feedback: Feedback | None


class MessageItem(Value):
    """A message as it is listed. response_id is null for one that was added by itself."""

    id: str
    type: Literal["message"]
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["user", "assistant", "system", "developer"]
    content: tuple[InputText | SaidText, ...]
    response_id: str | None
    millstream: ItemDetails


class FileSearchItem(FileSearchCall):
    """A search as it is listed."""

    response_id: str | None
    millstream: ItemDetails


Item = MessageItem | FileSearchItem


class ItemList(Value):
    """One page of items; the next one is behind ``after=last_id``."""

    object: Literal["list"]
    data: tuple[Item, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool


class LastResponse(Value):
    """The newest response of a conversation."""

    id: str
    status: Status


class Conversation(Value):
    """A conversation. created_at: seconds since 1970."""

    id: str
    object: Literal["conversation"]
    created_at: int
    metadata: dict[str, str]
    title: str
    last_response: LastResponse | None


class ConversationList(Value):
    """One page of conversations; the next one is behind ``after=last_id``."""

    object: Literal["list"]
    data: tuple[Conversation, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool


class ConversationDeleted(Value):
    """A conversation is gone, with all that was said in it."""

    id: str
    object: Literal["conversation.deleted"]
    deleted: Literal[True]


class ResponseDeleted(Value):
    """A response is gone, with its log and items."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class FeedbackGiven(Value):
    """The opinion that is now stored; rating null: none is."""

    object: Literal["millstream.feedback"]
    response_id: str
    rating: Rating | None
    comment: str | None


class Ticket(Value):
    """Opens the stream of one response without any header. expires_at: seconds since 1970."""

    object: Literal["millstream.ticket"]
    ticket: str
    expires_at: int


class ErrorDetails(Value):
    """What is wrong. ``param`` names the field, header or parameter, where it is one."""

    message: str
    type: Literal[
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "rate_limit_error",
        "server_error",
    ]
    param: str | None
    code: str


class Error(Value):
    """The one shape of every error."""

    error: ErrorDetails


class Health(Value):
    """The process serves."""

    status: Literal["ok"]


class Checks(Value):
    """How each server behind the API is."""

    postgresql: Literal["ok", "away"]
    redis: Literal["ok", "away"]


class Readiness(Value):
    """Whether what the API depends on answers."""

    status: Literal["ready", "unready"]
    checks: Checks


class ServedModel(Value):
    """A model that a request may name."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["millstream"]


class ModelList(Value):
    """All models, the default first."""

    object: Literal["list"]
    data: tuple[ServedModel, ...]


ANSWERS: tuple[type[BaseModel], ...] = (
    ResponseObject,
    ResponseDeleted,
    MessageItem,
    FileSearchItem,
    ItemList,
    Conversation,
    ConversationList,
    ConversationDeleted,
    FeedbackGiven,
    Ticket,
    Completion,
    ServedModel,
    ModelList,
    Error,
    Health,
    Readiness,
)


def answer_schemas() -> dict[str, Any]:
    """Return the schemas of all answers, and of the events of a stream, by name."""
    kinds = (*ANSWERS, *EVENTS)
    _, whole = models_json_schema(
        [(kind, "serialization") for kind in kinds], ref_template=REF, schema_generator=Whole
    )
    schemas: dict[str, Any] = whole["$defs"]
    for event in EVENTS:
        described = schemas[event.__name__]
        described["properties"]["sequence_number"] = {"type": "integer", "minimum": 0}
        described["required"] = sorted(described["properties"])
    schemas["StreamEvent"] = {
        "description": "One event of a stream: the JSON of its data line.",
        "oneOf": [ref(event.__name__) for event in EVENTS],
    }
    schemas["CompletionEvent"] = completion_event()
    return schemas
