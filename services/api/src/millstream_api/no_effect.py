"""Fields of the original API that we do not have, and what they may say all the same.

A client may always send some of them. A value that asks for nothing beyond what is done anyway is
accepted; any other is refused by name, never silently ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from millstream_api.errors import bad_field
from millstream_api.field_errors import unsupported

_LABEL_LENGTH: Final = 512


@dataclass(frozen=True, slots=True)
class Harmless:
    """Which values of a field ask for nothing. allowed: how an error says so."""

    holds: Callable[[Any], bool]
    allowed: str = ""


def _one_of(*values: object) -> Harmless:
    shown = ", ".join(_shown(value) for value in values)
    # True equals 1, but is not the same JSON.
    return Harmless(
        lambda given: any(
            given == v and isinstance(given, bool) is isinstance(v, bool) for v in values
        ),
        shown,
    )


def _shown(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)


def _object(fields: Mapping[str, Harmless]) -> Harmless:
    def holds(given: Any) -> bool:
        return isinstance(given, dict) and all(
            entry is None or (key in fields and fields[key].holds(entry))
            for key, entry in given.items()
        )

    inner = "; ".join(f"{key} {rule.allowed}" for key, rule in fields.items())
    return Harmless(holds, f"an object of: {inner}" if inner else "an empty object")


_NOTHING: Final = Harmless(lambda _: False)
_NO_LIST: Final = Harmless(lambda given: given == [], "an empty list")
_BOOLEAN: Final = Harmless(lambda given: isinstance(given, bool), "true or false")
_LABEL: Final = Harmless(
    lambda given: isinstance(given, str) and len(given) <= _LABEL_LENGTH,
    f"a string of up to {_LABEL_LENGTH} characters",
)
_TEXT_FORMAT: Final = _object({"type": _one_of("text")})
_INCLUDED: Final = Harmless(
    lambda given: isinstance(given, list) and set(map(str, given)) <= {"file_search_call.results"},
    "a list of: 'file_search_call.results' (they always are)",
)

# Of both APIs. Labels name the client's user or its cache, and change no answer.
_SHARED: Final = {
    "tools": _NO_LIST,
    "tool_choice": _one_of("auto", "none"),
    "parallel_tool_calls": _BOOLEAN,
    "top_p": _one_of(1),
    "top_logprobs": _one_of(0),
    "service_tier": _one_of("auto", "default"),
    "user": _LABEL,
    "safety_identifier": _LABEL,
    "prompt_cache_key": _LABEL,
    "prompt_cache_options": _NOTHING,
    "prompt_cache_retention": _NOTHING,
    "moderation": _NOTHING,
}

RESPONSES: Final[Mapping[str, Harmless]] = {
    **_SHARED,
    "access_programs": _NOTHING,
    "background_options": _object({"completion_window": _one_of("soonest")}),
    "context_management": _NO_LIST,
    "image": _NOTHING,
    "include": _INCLUDED,
    "max_tool_calls": _NOTHING,
    "prompt": _NOTHING,
    "reasoning": _object({}),
    "stream_options": _object({"include_obfuscation": _one_of(False)}),
    "text": _object({"format": _TEXT_FORMAT, "verbosity": _one_of("medium")}),
    "truncation": _one_of("disabled"),
}

CHAT: Final[Mapping[str, Harmless]] = {
    **_SHARED,
    "audio": _NOTHING,
    "frequency_penalty": _one_of(0),
    "function_call": _one_of("auto", "none"),
    "functions": _NO_LIST,
    "logit_bias": _object({}),
    "logprobs": _one_of(False),
    "modalities": _one_of(["text"]),
    "n": _one_of(1),
    "prediction": _NOTHING,
    "presence_penalty": _one_of(0),
    "reasoning_effort": _NOTHING,
    "response_format": _TEXT_FORMAT,
    "seed": _NOTHING,
    "stop": _NO_LIST,
    "verbosity": _one_of("medium"),
    "web_search_options": _NOTHING,
}


def without_effect(body: dict[str, Any], fields: Mapping[str, Harmless]) -> dict[str, Any]:
    """Return ``body`` without what asks for nothing. Raises ApiError (400) naming what does."""
    for name, given in body.items():
        rule = fields.get(name)
        if rule is None or given is None or rule.holds(given):
            continue
        if not rule.allowed:
            raise unsupported(name)
        message = f"{name} is not supported, but for {rule.allowed} or null."
        raise bad_field(name, message, "unsupported_value")
    return {name: given for name, given in body.items() if name not in fields}
