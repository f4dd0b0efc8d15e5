"""A chat completion, whole and as the chunks of a stream."""

from typing import Literal

from millstream_contract.objects import Value
from scripts.openapi.schemas import Schema, ref


class CompletionMessage(Value):
    """The answer, as a chat's message."""

    role: Literal["assistant"]
    content: str
    refusal: None
    annotations: tuple[()]


FinishReason = Literal["stop", "length", "content_filter"]


class CompletionChoice(Value):
    """The one choice there is."""

    index: Literal[0]
    message: CompletionMessage
    logprobs: None
    finish_reason: FinishReason


class PromptTokensDetails(Value):
    """Detail of the prompt's tokens."""

    cached_tokens: int


class CompletionTokensDetails(Value):
    """Detail of the answer's tokens."""

    reasoning_tokens: int


class CompletionUsage(Value):
    """Tokens that the model counted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails


class Completion(Value):
    """An answer as a chat completion; its id is that of the response."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: tuple[CompletionChoice]
    usage: CompletionUsage | None


def completion_event() -> Schema:
    """Return the schema of one data line of a chat's stream: fields may be left out there."""
    delta = {
        "type": "object",
        "properties": {
            "role": {"const": "assistant"},
            "content": {"type": "string"},
            "refusal": {"type": "null"},
        },
        "additionalProperties": False,
    }
    choice = {
        "type": "object",
        "properties": {
            "index": {"const": 0},
            "delta": delta,
            "logprobs": {"type": "null"},
            "finish_reason": {"enum": ["stop", "length", "content_filter", None]},
        },
        "required": ["index", "delta", "logprobs", "finish_reason"],
        "additionalProperties": False,
    }
    usage = {"anyOf": [ref("CompletionUsage"), {"type": "null"}]}
    chunk = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "object": {"const": "chat.completion.chunk"},
            "created": {"type": "integer"},
            "model": {"type": "string"},
            "choices": {"type": "array", "items": choice, "maxItems": 1},
            "usage": usage,
        },
        "required": ["id", "object", "created", "model", "choices"],
        "additionalProperties": False,
    }
    return {
        "description": "A chunk of a completion, or what ended it early. `usage` is in all of them"
        " with stream_options.include_usage; the last, without choices, has the tokens counted.",
        "anyOf": [chunk, ref("Error")],
    }
