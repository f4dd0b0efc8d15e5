"""What the API takes: schemas of request bodies, with their limits.

Fields come from the types that check them, refined by what the checks behind them say. The fuzz
tests hold both ways: what fits is accepted, and what does not is refused.
"""

from typing import Any, Final

from pydantic import BaseModel

from millstream_api.asking import CreateResponse
from millstream_api.chatting import CreateCompletion
from millstream_api.settings import Settings
from scripts.openapi.harmless import HARMLESS_IN_CHATS, HARMLESS_IN_RESPONSES, NULL, only
from scripts.openapi.schemas import Schema, ref

NO_NUL: Final = r"^[^\u0000]*$"
# What Python's str.strip() takes away; and a question must have something else.
_BLANK: Final = r"\s\u001c-\u001f\u0085\u00a0\ufeff"
_ASKS: Final = rf"^[^\u0000]*[^\u0000{_BLANK}][^\u0000]*$"
MOST_CHARACTERS: Final[int] = Settings.model_fields["max_input_characters"].default


METADATA: Final[Schema] = {
    "type": ["object", "null"],
    "maxProperties": 16,
    "propertyNames": {"maxLength": 64, "pattern": NO_NUL},
    "additionalProperties": {"type": "string", "maxLength": 512, "pattern": NO_NUL},
}


def id_of(kind: str) -> Schema:
    """Return the schema of an id."""
    return {"type": "string", "pattern": f"^{kind}_[0-9a-f]{{32}}$"}


_EMPTY: Final[Schema] = {"enum": [None, []]}
_PART: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["input_text", "output_text", "text"]},
        "text": {"type": "string", "pattern": NO_NUL},
        "annotations": {},
        "logprobs": {},
    },
    "required": ["type", "text"],
    "additionalProperties": NULL,
}


def _message(type_schema: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "type": type_schema,
            "role": {"enum": ["user", "assistant", "system", "developer"]},
            "content": {
                "anyOf": [
                    {"type": "string", "pattern": NO_NUL},
                    {"type": "array", "items": ref("GivenPart")},
                ]
            },
            "id": {},
            "status": {},
        },
        "required": ["role", "content"],
        "additionalProperties": _EMPTY,
    }


_PASSED_OVER: Final[Schema] = {
    "description": "An earlier answer's own item, which may be sent back; it is passed over.",
    "type": "object",
    "properties": {"type": {"const": "file_search_call"}},
    "required": ["type"],
}
_ITEM: Final[Schema] = {"anyOf": [ref("GivenMessage"), ref("PassedOver")]}


def _messages(most: int, item: Schema, description: str) -> Schema:
    return {
        "description": description,
        "type": "array",
        "items": item,
        "minItems": 1,
        "maxItems": most,
    }


_LAST_IS_ASKED: Final = (
    "The last message that is not an instruction must be the user's: it is the question, of up to"
    f" {MOST_CHARACTERS} characters and not blank. Instructions (system, developer) may have up to"
    " 4,000 characters each."
)


def body_schemas() -> dict[str, Schema]:
    """Return the schemas of all request bodies, and of their parts, by name."""
    return {
        "Model": {
            "description": "A serving endpoint that the API is set up with; see GET /v1/models.",
            "type": "string",
            "maxLength": 200,
        },
        "GivenPart": _PART,
        "GivenMessage": _message({"const": "message"}),
        "PassedOver": _PASSED_OVER,
        "Question": {
            "anyOf": [
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MOST_CHARACTERS,
                    "pattern": _ASKS,
                },
                _messages(1000, _ITEM, _LAST_IS_ASKED),
            ]
        },
        "CreateResponse": _create_response(),
        "CreateCompletion": _create_completion(),
        "ChatMessage": _message({}),
        "CreateConversation": _conversation_body(
            items={"anyOf": [_messages(20, _ITEM, "To start from."), _EMPTY]}
        ),
        "UpdateConversation": _conversation_body(),
        "AddItems": {
            "type": "object",
            "properties": {"items": _messages(20, _ITEM, "Added at the end, in this order.")},
            "required": ["items"],
            "additionalProperties": False,
        },
        "GiveFeedback": _feedback(),
    }


def fields_of(model: type[BaseModel]) -> Schema:
    """Return the object schema of a body's type; no titles, for the names say it all."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    schema.pop("title", None)
    for described in schema["properties"].values():
        described.pop("title", None)
        described.pop("default", None)
    return schema


def _create_response() -> Schema:
    schema = fields_of(CreateResponse)
    conversation = id_of("conv")
    named = {
        "type": "object",
        "properties": {"id": conversation},
        "required": ["id"],
        "additionalProperties": False,
    }
    schema["properties"] |= {
        "input": ref("Question"),
        "conversation": {"anyOf": [conversation, named, NULL]},
        "previous_response_id": {"anyOf": [id_of("resp"), NULL]},
        "model": {"anyOf": [ref("Model"), NULL]},
        "instructions": {"type": ["string", "null"], "maxLength": 4000, "pattern": NO_NUL},
        "metadata": METADATA,
        "store": {"enum": [True, None], "description": "Only true: every answer is stored."},
        "millstream": _extension(),
        **HARMLESS_IN_RESPONSES,
    }
    schema["not"] = {
        "description": "previous_response_id excludes conversation and millstream.replaces.",
        "required": ["previous_response_id"],
        "properties": {"previous_response_id": {"type": "string"}},
        "anyOf": [
            _given("conversation", {"type": ["string", "object"]}),
            _given("millstream", _given("replaces", {"type": "string"}, type="object")),
        ],
    }
    return schema


def _create_completion() -> Schema:
    schema = fields_of(CreateCompletion)
    options = {
        "type": ["object", "null"],
        "properties": {
            "include_usage": {"type": ["boolean", "null"]},
            "include_obfuscation": only(False),
        },
        "additionalProperties": False,
    }
    schema["properties"] |= {
        "messages": _messages(1000, ref("ChatMessage"), _LAST_IS_ASKED),
        "model": {"anyOf": [ref("Model"), NULL]},
        "stream_options": options,
        "metadata": METADATA,
        "store": {"enum": [True, None], "description": "Only true: every answer is stored."},
        **HARMLESS_IN_CHATS,
    }
    # stream_options needs stream
    schema["if"] = _given("stream_options", {"type": "object"})
    schema["then"] = _given("stream", {"const": True})
    return schema


def _given(name: str, schema: Schema, **more: Any) -> Schema:
    return {**more, "required": [name], "properties": {name: schema}}


def _extension() -> Schema:
    return {
        "description": "What the original API does not have.",
        "type": ["object", "null"],
        "properties": {
            "when_busy": {
                "description": "What to do while an answer of the conversation is being made.",
                **only("reject", "enqueue", "interrupt"),
            },
            "replaces": {
                "description": "The last response of a conversation, whose place this one takes.",
                "anyOf": [id_of("resp"), NULL],
            },
        },
        "additionalProperties": False,
    }


def _conversation_body(**more: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "title": {"type": ["string", "null"], "maxLength": 200, "pattern": NO_NUL},
            "metadata": METADATA,
            **more,
        },
        "additionalProperties": False,
    }


def _feedback() -> Schema:
    comment = {"type": ["string", "null"], "maxLength": 2000, "pattern": NO_NUL}
    return {
        "type": "object",
        "properties": {
            "rating": {"enum": ["up", "down", None], "description": "null takes it all back."},
            "comment": comment,
        },
        "required": ["rating"],
        "additionalProperties": False,
        "if": {"properties": {"rating": NULL}},
        "then": {"properties": {"comment": NULL}},
    }
