"""The WebSocket: its handshake, and the messages of a client."""

from scripts.openapi.operation import ALWAYS, ERRORS
from scripts.openapi.parameters import CURSOR
from scripts.openapi.schemas import Schema, ref


def socket_operation() -> Schema:
    """Return the handshake of the WebSocket, as OpenAPI has it."""
    messages = {
        "description": "One text message of JSON each. The server sends the events of a stream,"
        " and errors; events of a request with a stream_id carry it too.",
        "client": {"anyOf": [ref("SocketCreate"), ref("SocketResume")]},
        "server": {"anyOf": [ref("StreamEvent"), ref("SocketError")]},
    }
    responses: Schema = {"101": {"description": "The socket is open."}}
    responses |= {
        str(status): {"$ref": f"#/components/responses/{ERRORS[status]}"}
        for status in sorted({426, *ALWAYS})
    }
    return {
        "operationId": "connect",
        "summary": "Open a WebSocket; a request that asks for none gets 400",
        "tags": ["responses"],
        "responses": responses,
        "x-websocket": messages,
    }


def socket_messages() -> dict[str, Schema]:
    """Return the schemas of its messages, by name."""
    lane = {
        "description": "The request's lane: its events carry it, and requests of one lane are"
        " answered one after the other.",
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": 64,
    }
    return {
        "SocketCreate": {
            "description": "Ask: the fields of POST /v1/responses beside the type.",
            "type": "object",
            "properties": {"type": {"const": "response.create"}, "stream_id": lane},
            "required": ["type", "input"],
        },
        "SocketResume": {
            "description": "Watch a response from behind a cursor.",
            "type": "object",
            "properties": {
                "type": {"const": "millstream.response.resume"},
                "response_id": {"type": "string"},
                "starting_after": CURSOR,
                "stream_id": lane,
            },
            "required": ["type", "response_id"],
            "additionalProperties": False,
        },
        "SocketError": {
            "description": "What was asked for last cannot be done; the socket stays open.",
            "type": "object",
            "properties": {
                "type": {"const": "error"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "error": ref("ErrorDetails"),
                "headers": {
                    "description": "What would stand in the headers, such as Retry-After.",
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
                "stream_id": lane,
            },
            "required": ["type", "status", "error"],
        },
    }
