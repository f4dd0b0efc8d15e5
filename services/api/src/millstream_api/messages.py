"""What ``input``, ``items`` and ``messages`` hold: messages of text, checked part by part.

An error names the place, such as ``input[1].content[0].type``, and what is allowed there.
"""

from collections.abc import Sequence
from typing import Any, Final

from millstream_api.bodies import check_text
from millstream_api.errors import ApiError, bad_field
from millstream_contract.ledger.rows import ROLES, NewMessage

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
        raise bad_field(param, f"{param} must be a list of messages.", "invalid_type")
    if not 1 <= len(value) <= most:
        raise bad_field(param, f"{param} must have 1 to {most} entries; it has {len(value)}.")
    found = []
    for at, item in enumerate(value):
        place = f"{param}[{at}]"
        if not isinstance(item, dict):
            raise bad_field(place, f"{place} must be an object.", "invalid_type")
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
        raise bad_field(param, f"{param} must be a question: it is empty or blank.")
    check_length(param, text, max_characters)


def check_length(param: str, text: str, max_characters: int) -> None:
    """Raise ApiError (400) when a text is too long."""
    if len(text) > max_characters:
        message = f"{param} may have up to {max_characters} characters; it has {len(text)}."
        raise bad_field(param, message, "string_above_max_length")


def _message(place: str, item: dict[str, Any], tell_by: str) -> NewMessage:
    if tell_by == "type" and item.get("type", "message") != "message":
        message = f"{place}.type must be 'message' (a {_PASSED_OVER} is passed over)."
        raise bad_field(f"{place}.type", message)
    for key in sorted(key for key, given in item.items() if key not in _KNOWN_KEYS):
        # A client that sends an object of its own back sends the empty fields along.
        if item[key] not in (None, []):
            raise unsupported(f"{place}.{key}")
    role = item.get("role")
    if role not in ROLES:
        message = f"{place}.role must be one of: {', '.join(ROLES)}."
        raise bad_field(f"{place}.role", message)
    texts = _texts(f"{place}.content", item.get("content"))
    made = NewMessage(role, texts)
    if role in {"system", "developer"}:
        check_length(f"{place}.content", made.text, _MAX_INSTRUCTIONS)
    return made


def _texts(place: str, content: object) -> tuple[str, ...]:
    if isinstance(content, str):
        check_text(place, content)
        return (content,)
    if not isinstance(content, list):
        raise bad_field(place, f"{place} must be a string or a list of parts.", "invalid_type")
    return tuple(_part(f"{place}[{at}]", part) for at, part in enumerate(content))


def _part(place: str, part: object) -> str:
    if not isinstance(part, dict):
        raise bad_field(place, f"{place} must be an object.", "invalid_type")
    if part.get("type") not in _TEXT_TYPES:
        message = f"{place}.type must be one of: {', '.join(_TEXT_TYPES)}."
        raise bad_field(f"{place}.type", message)
    for key in sorted(part.keys() - _PART_KEYS):
        if part[key] is not None:
            raise unsupported(f"{place}.{key}")
    text = part.get("text")
    if not isinstance(text, str):
        raise bad_field(f"{place}.text", f"{place}.text must be a string.", "invalid_type")
    check_text(f"{place}.text", text)
    return text


def unsupported(param: str) -> ApiError:
    """Return the error for a field that is not supported."""
    return bad_field(param, f"{param} is not supported.", "unknown_parameter")
