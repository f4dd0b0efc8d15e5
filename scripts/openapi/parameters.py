"""Parameters and headers: of requests and of answers."""

from typing import Any, Final

Schema = dict[str, Any]

# Text that is not digits, and a number that is out of range, get a 400.
CURSOR: Final = {"type": "integer", "minimum": -1, "maximum": 10**18 - 1}

_INCLUDE: Final = {"type": "array", "items": {"const": "file_search_call.results"}}


def _query(name: str, description: str, schema: Schema, **more: Any) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _header(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _path(name: str, kind: str) -> Schema:
    # No pattern: an id of another form is a 404, as one that is not there.
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The id of a {kind}. Another user's is answered as one that is not there.",
        "schema": {"type": "string", "minLength": 1},
    }


PARAMETERS: Final[dict[str, Schema]] = {
    "ResponseId": _path("response_id", "response"),
    "ConversationId": _path("conversation_id", "conversation"),
    "ItemId": _path("item_id", "item"),
    "ModelName": {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "The name of a model; it may have slashes.",
        "schema": {"type": "string", "minLength": 1},
    },
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "The same key gives the same response, never a second answer; with another body, 409."
        " It has no comma, for two keys would be joined by one.",
        {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^,]*$"},
    ),
    "LastEventId": _header(
        "Last-Event-ID",
        "The cursor as a browser sends it when it reconnects; of it and starting_after the later"
        " one counts.",
        CURSOR,
    ),
    "Stream": _query("stream", "true: the events, as text/event-stream.", {"type": "boolean"}),
    "StartingAfter": _query(
        "starting_after",
        "The cursor: the sequence_number of the last event seen, -1 for none. Only with stream.",
        CURSOR,
    ),
    "IncludeObfuscation": _query(
        "include_obfuscation", "Nothing is ever obfuscated.", {"enum": [False]}
    ),
    "Ticket": _query(
        "ticket",
        "Opens the stream of this one response without any header; only with stream=true.",
        {"type": "string"},
    ),
    "Limit": _query(
        "limit", "Entries of a page.", {"type": "integer", "minimum": 1, "maximum": 100}
    ),
    "After": _query("after", "The id behind which the page begins.", {"type": "string"}),
    "Order": _query(
        "order", "asc: oldest first. Default: desc.", {"type": "string", "enum": ["asc", "desc"]}
    ),
    "Include": _query("include", "What is always included.", _INCLUDE),
    "IncludeBrackets": _query("include[]", "The same, as some clients write it.", _INCLUDE),
    "Sought": _query(
        "q",
        "Leaves conversations with this text in title or questions, in any case.",
        {"type": "string", "maxLength": 200, "pattern": r"^[^\u0000]*$"},
    ),
}

HEADERS: Final[dict[str, Schema]] = {
    "RequestId": {
        "description": "The request in log lines: the client's own X-Request-Id, if it sent one of"
        " up to 128 letters, digits and ._:- signs.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before the request is sent again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "Challenge": {
        "description": "What login is asked for.",
        "required": True,
        "schema": {"type": "string", "pattern": "^Bearer realm="},
    },
}
