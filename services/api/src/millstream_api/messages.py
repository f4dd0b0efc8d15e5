"""What ``input``, ``items`` and ``messages`` hold: messages of text, checked part by part.

An error names the place, such as ``input[1].content[0].type``, and what is allowed there.
"""

from collections.abc import Sequence
from typing import Any, Final

from millstream_api.bodies import check_text
from millstream_api.errors import bad_field
from millstream_api.field_errors import missing, not_among, too_long, unsupported, wrong_type
from millstream_contract.ledger.new_entries import ROLES, NewMessage

_MAX_ITEMS: Final = 1000
_MAX_INSTRUCTIONS: Final = 4000

# Clients send an answer's own items back as context.
_KNOWN_KEYS: Final = frozenset({"type", "role", "content", "id", "status"})
_PART_KEYS: Final = frozenset({"type", "text", "annotations", "logprobs"})
_TEXT_TYPES: Final = ("input_text", "output_text", "text")

_PASSED_OVER: Final = "file_search_call"
"""Our own output item: what an earlier answer was made from is searched for again."""


def read_messages(
    param: str, value: object, *, most: int = _MAX_ITEMS, tell_by: str = "type"
) -> list[tuple[str, NewMessage]]:
    """Return the messages of a list, each with its place. Raises ApiError (400).

    tell_by: the key that tells what an item is: "type" in the Responses API, "role" in chats.
    """
    if not isinstance(value, list):
        raise wrong_type(param, "a list of messages")
    if not 1 <= len(value) <= most:
        message = f"{param} must have 1 to {most} entries; it has {len(value)}."
        raise bad_field(param, message, "array_above_max_length" if value else "empty_array")
    found = []
    for at, item in enumerate(value):
        place = f"{param}[{at}]"
        if not isinstance(item, dict):
            raise wrong_type(place, "an object")
        if tell_by == "type" and item.get("type") == _PASSED_OVER:
            continue
        found.append((place, _message(place, item, tell_by)))
    return found


def question_among(
    param: str, messages: Sequence[tuple[str, NewMessage]], max_characters: int
) -> str:
    """Return the text of the last message of the user, which is the question.

    Only instructions may stand behind it. Raises ApiError (400).
    """
    for place, message in reversed(messages):
        if message.role == "user":
            check_question(f"{place}.content", message.text, max_characters)
            return message.text
        if message.role == "assistant":
            raise bad_field(f"{place}.role", f"{place} must be the user's: the last one is asked.")
    raise bad_field(param, f"{param} needs a message of the user: the question.")


def check_question(param: str, text: str, max_characters: int) -> None:
    """Raise ApiError (400) unless a text can be asked."""
    if not text.strip():
        message = f"{param} must be a question: it is empty or blank."
        raise bad_field(param, message, "invalid_value" if text else "empty_string")
    check_length(param, text, max_characters)


def check_length(param: str, text: str, max_characters: int) -> None:
    """Raise ApiError (400) when a text is too long."""
    if len(text) > max_characters:
        raise too_long(param, max_characters, len(text))


def _message(place: str, item: dict[str, Any], tell_by: str) -> NewMessage:
    if tell_by == "type" and item.get("type", "message") != "message":
        allowed = f"'message' (a {_PASSED_OVER} is passed over)"
        raise not_among(f"{place}.type", item["type"], allowed)
    for key in sorted(key for key, given in item.items() if key not in _KNOWN_KEYS):
        # A client that sends an object of its own back sends the empty fields along.
        if item[key] not in (None, []):
            raise unsupported(f"{place}.{key}")
    role = _given(place, item, "role")
    if role not in ROLES:
        raise not_among(f"{place}.role", role, f"one of: {', '.join(ROLES)}")
    texts = _texts(f"{place}.content", _given(place, item, "content"))
    made = NewMessage(role, texts)
    if role in {"system", "developer"}:
        check_length(f"{place}.content", made.text, _MAX_INSTRUCTIONS)
    return made


def _texts(place: str, content: object) -> tuple[str, ...]:
    if isinstance(content, str):
        check_text(place, content)
        return (content,)
    if not isinstance(content, list):
        raise wrong_type(place, "a string or a list of parts")
    return tuple(_part(f"{place}[{at}]", part) for at, part in enumerate(content))


def _part(place: str, part: object) -> str:
    if not isinstance(part, dict):
        raise wrong_type(place, "an object")
    kind = _given(place, part, "type")
    if kind not in _TEXT_TYPES:
        raise not_among(f"{place}.type", kind, f"one of: {', '.join(_TEXT_TYPES)}")
    for key in sorted(part.keys() - _PART_KEYS):
        if part[key] is not None:
            raise unsupported(f"{place}.{key}")
    text = _given(place, part, "text")
    if not isinstance(text, str):
        raise wrong_type(f"{place}.text", "a string")
    check_text(f"{place}.text", text)
    return text


def _given(place: str, fields: dict[str, Any], name: str) -> Any:
    if name not in fields:
        raise missing(f"{place}.{name}")
    return fields[name]
