"""The values that ask for nothing beyond what is done anyway, of fields that are not supported."""

from typing import Final

from scripts.openapi.schemas import Schema

NULL: Final = {"type": "null"}
_NO_LIST: Final = {"type": ["array", "null"], "maxItems": 0}
_LABEL: Final = {"type": ["string", "null"], "maxLength": 512}
_NOTHING_IN_IT: Final = {"type": ["object", "null"], "additionalProperties": NULL}


def only(*values: object) -> Schema:
    """Return the schema of a field that is one of these, or null."""
    return {"enum": [*values, None]}


def _object(**fields: Schema) -> Schema:
    return {"type": ["object", "null"], "properties": fields, "additionalProperties": NULL}


_TEXT_FORMAT: Final = _object(type=only("text"))

_SHARED: Final[dict[str, Schema]] = {
    "tools": _NO_LIST,
    "tool_choice": only("auto", "none"),
    "parallel_tool_calls": {"type": ["boolean", "null"]},
    "top_p": only(1),
    "top_logprobs": only(0),
    "service_tier": only("auto", "default"),
    "user": _LABEL,
    "safety_identifier": _LABEL,
    "prompt_cache_key": _LABEL,
    "prompt_cache_options": NULL,
    "prompt_cache_retention": NULL,
    "moderation": NULL,
}
HARMLESS_IN_RESPONSES: Final[dict[str, Schema]] = {
    **_SHARED,
    "access_programs": NULL,
    "background_options": _object(completion_window=only("soonest")),
    "context_management": _NO_LIST,
    "image": NULL,
    "include": {"type": ["array", "null"], "items": {"const": "file_search_call.results"}},
    "max_tool_calls": NULL,
    "prompt": NULL,
    "reasoning": _NOTHING_IN_IT,
    "stream_options": _object(include_obfuscation=only(False)),
    "text": _object(format=_TEXT_FORMAT, verbosity=only("medium")),
    "truncation": only("disabled"),
}
HARMLESS_IN_CHATS: Final[dict[str, Schema]] = {
    **_SHARED,
    "audio": NULL,
    "frequency_penalty": only(0),
    "function_call": only("auto", "none"),
    "functions": _NO_LIST,
    "logit_bias": _NOTHING_IN_IT,
    "logprobs": only(False),
    "modalities": only(["text"]),
    "n": only(1),
    "prediction": NULL,
    "presence_penalty": only(0),
    "reasoning_effort": NULL,
    "response_format": _TEXT_FORMAT,
    "seed": NULL,
    "stop": _NO_LIST,
    "verbosity": only("medium"),
    "web_search_options": NULL,
}
