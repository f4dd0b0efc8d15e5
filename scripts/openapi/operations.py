"""Every operation: what a path is for, what it takes, and what it may answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

Schema = dict[str, Any]

STREAM_CONTRACT: Final = "specs/005-chat-streaming-responses/contracts/sse-stream.yaml"

# What any operation behind the gate may answer: no login, a strange page, too many requests, our
# own mistake, a server that is away or a process that is about to end.
_ALWAYS: Final = (401, 403, 429, 500, 503)

ERRORS: Final[dict[int, str]] = {
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    413: "TooLarge",
    415: "NotJson",
    429: "TooManyRequests",
    500: "ServerError",
    503: "Unavailable",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    answers: the schema of its 200. stream: the schema of one event, if it may answer by a stream.
    """

    name: str
    summary: str
    tag: str
    answers: str
    body: str | None = None
    body_is_required: bool = True
    parameters: Sequence[str] = ()
    errors: Sequence[int] = ()
    stream: str | None = None
    ticket: bool = False
    description: str = ""

    def described(self, method: str) -> Schema:
        """Return the operation as OpenAPI has it."""
        described: Schema = {
            "operationId": self.name,
            "summary": self.summary,
            "tags": [self.tag],
        }
        if self.description:
            described["description"] = self.description
        if self.parameters:
            described["parameters"] = [
                {"$ref": f"#/components/parameters/{name}"} for name in self.parameters
            ]
        if self.body:
            described["requestBody"] = {
                "required": self.body_is_required,
                "content": {"application/json": {"schema": _ref(self.body)}},
            }
        if self.ticket:
            described["security"] = [{}, {"bearer": []}, {"proxy": []}, {"ticket": []}]
        also = {*((400, 413) if self.body else ()), *((415,) if method == "post" else ())}
        errors = sorted({*self.errors, *_ALWAYS, *also})
        described["responses"] = {"200": self._good()} | {
            str(status): {"$ref": f"#/components/responses/{ERRORS[status]}"} for status in errors
        }
        return described

    def _good(self) -> Schema:
        content: Schema = {"application/json": {"schema": _ref(self.answers)}}
        if self.stream:
            content["text/event-stream"] = {"schema": _frame(self.stream)}
        return {"description": self.summary, "headers": NUMBERED, "content": content}


def _frame(event: str) -> Schema:
    told = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": _ref(event),
    }
    data = {
        "description": "One event as JSON on one line; or, last, [DONE].",
        "anyOf": [{"const": "[DONE]"}, told],
    }
    return {
        "description": "One frame of the stream. Streams of responses have an id, their cursor.",
        "type": "object",
        "properties": {"id": {"type": "string"}, "data": data},
        "required": ["data"],
    }


NUMBERED: Final = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_ASK: Final = Operation(
    "createResponse",
    "Ask",
    "responses",
    "ResponseObject",
    body="CreateResponse",
    parameters=["IdempotencyKey"],
    errors=[404, 409],
    stream="StreamEvent",
    description="With stream the answer is text/event-stream, whose frames "
    f"{STREAM_CONTRACT} describes; with background it is the response as it is accepted; else the"
    " response when it has ended. Without background, closing the connection stops the answer.",
)

_CHAT: Final = Operation(
    "createCompletion",
    "Ask in the way of chat completions",
    "chat",
    "Completion",
    body="CreateCompletion",
    parameters=["IdempotencyKey"],
    errors=[409],
    stream="CompletionEvent",
    description="An adapter: the question takes the same path, and the completion's id is that"
    " of a response. Closing the connection stops the answer. max_tokens and"
    " max_completion_tokens must be equal where both are given.",
)

_READ: Final = Operation(
    "retrieveResponse",
    "Read a response as it stands, or watch it",
    "responses",
    "ResponseObject",
    parameters=[
        *("ResponseId", "Stream", "StartingAfter", "LastEventId"),
        *("IncludeObfuscation", "Include", "IncludeBrackets", "Ticket"),
    ],
    errors=[400, 404],
    stream="StreamEvent",
    ticket=True,
    description="A stream begins behind the cursor and ends with `data: [DONE]`; one that ends"
    " without was cut: come back with the cursor. A cursor ahead of the events there are is a 400."
    f" {STREAM_CONTRACT} describes the frames.",
)

_PAGE: Final = ("Limit", "After", "Order", "Include", "IncludeBrackets")
_ITEM: Final = ("ConversationId", "ItemId")

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("post", "/v1/responses"): _ASK,
    ("get", "/v1/responses/{response_id}"): _READ,
    ("delete", "/v1/responses/{response_id}"): Operation(
        "deleteResponse",
        "Delete a response; it is stopped first if it runs",
        "responses",
        "ResponseDeleted",
        parameters=["ResponseId"],
        errors=[404],
    ),
    ("post", "/v1/responses/{response_id}/cancel"): Operation(
        "cancelResponse",
        "Stop a response; what was said is kept",
        "responses",
        "ResponseObject",
        parameters=["ResponseId"],
        errors=[404],
        description="Answers when the worker has stopped, or with in_progress when it has not yet.",
    ),
    ("get", "/v1/responses/{response_id}/input_items"): Operation(
        "listInputItems",
        "List what a response was asked with",
        "responses",
        "ItemList",
        parameters=["ResponseId", *_PAGE],
        errors=[400, 404],
    ),
    ("post", "/v1/responses/{response_id}/feedback"): Operation(
        "giveFeedback",
        "Say what you think of an answer (ours)",
        "responses",
        "FeedbackGiven",
        body="GiveFeedback",
        parameters=["ResponseId"],
        errors=[404],
    ),
    ("post", "/v1/responses/{response_id}/ticket"): Operation(
        "issueTicket",
        "Get a ticket for a browser's EventSource, which cannot send a header (ours)",
        "responses",
        "Ticket",
        parameters=["ResponseId"],
        errors=[404],
    ),
    ("post", "/v1/chat/completions"): _CHAT,
    ("post", "/serving-endpoints/responses"): replace(
        _ASK,
        name="createResponseInAWorkspace",
        summary="Ask, at the address that Databricks' clients use",
    ),
    ("post", "/serving-endpoints/chat/completions"): replace(
        _CHAT,
        name="createCompletionInAWorkspace",
        summary="Ask in the way of chat completions, at the address that Databricks' clients use",
    ),
    ("get", "/v1/models"): Operation(
        "listModels", "List the models that a request may name", "models", "ModelList"
    ),
    ("get", "/v1/models/{name}"): Operation(
        "retrieveModel",
        "Read one model",
        "models",
        "ServedModel",
        parameters=["ModelName"],
        errors=[404],
    ),
    ("post", "/v1/conversations"): Operation(
        "createConversation",
        "Begin a conversation",
        "conversations",
        "Conversation",
        body="CreateConversation",
        body_is_required=False,
    ),
    ("get", "/v1/conversations"): Operation(
        "listConversations",
        "List your conversations, newest first (ours)",
        "conversations",
        "ConversationList",
        parameters=["Limit", "After", "Order", "Sought", "Include", "IncludeBrackets"],
        errors=[400],
    ),
    ("get", "/v1/conversations/{conversation_id}"): Operation(
        "retrieveConversation",
        "Read a conversation",
        "conversations",
        "Conversation",
        parameters=["ConversationId"],
        errors=[404],
    ),
    ("post", "/v1/conversations/{conversation_id}"): Operation(
        "updateConversation",
        "Change title or metadata",
        "conversations",
        "Conversation",
        body="UpdateConversation",
        parameters=["ConversationId"],
        errors=[404],
    ),
    ("delete", "/v1/conversations/{conversation_id}"): Operation(
        "deleteConversation",
        "Delete a conversation with all that was said in it",
        "conversations",
        "ConversationDeleted",
        parameters=["ConversationId"],
        errors=[404],
    ),
    ("get", "/v1/conversations/{conversation_id}/items"): Operation(
        "listItems",
        "List what was said",
        "conversations",
        "ItemList",
        parameters=["ConversationId", *_PAGE],
        errors=[400, 404],
    ),
    ("post", "/v1/conversations/{conversation_id}/items"): Operation(
        "addItems",
        "Add messages; nothing is answered",
        "conversations",
        "ItemList",
        body="AddItems",
        parameters=["ConversationId", "Include", "IncludeBrackets"],
        errors=[404],
    ),
    ("get", "/v1/conversations/{conversation_id}/items/{item_id}"): Operation(
        "retrieveItem",
        "Read one item",
        "conversations",
        "Item",
        parameters=[*_ITEM, "Include", "IncludeBrackets"],
        errors=[400, 404],
    ),
    ("delete", "/v1/conversations/{conversation_id}/items/{item_id}"): Operation(
        "deleteItem",
        "Take one item out; answers with the conversation",
        "conversations",
        "Conversation",
        parameters=_ITEM,
        errors=[404],
    ),
}


def socket_operation() -> Schema:
    """Return the handshake of the WebSocket, as OpenAPI has it."""
    messages = {
        "description": "One text message of JSON each. The server sends the events of a stream,"
        " and errors; events of a request with a stream_id carry it too.",
        "client": {"anyOf": [_ref("SocketCreate"), _ref("SocketResume")]},
        "server": {"anyOf": [_ref("StreamEvent"), _ref("SocketError")]},
    }
    responses: Schema = {"101": {"description": "The socket is open."}}
    responses |= {
        str(status): {"$ref": f"#/components/responses/{ERRORS[status]}"}
        for status in sorted({400, *_ALWAYS})
    }
    return {
        "operationId": "connect",
        "summary": "Open a WebSocket; a request that asks for none gets 400",
        "tags": ["responses"],
        "responses": responses,
        "x-websocket": messages,
    }


def open_operations() -> dict[tuple[str, str], Schema]:
    """Return the operations that need no login, as OpenAPI has them."""
    failed = {"$ref": "#/components/responses/ServerError"}
    text = {
        "description": "All metrics.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    draining = {"$ref": "#/components/responses/Unavailable"}
    document = {
        "description": "This document.",
        "headers": NUMBERED,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    return {
        ("get", "/healthz"): _open(
            "health", "Whether the process serves", {"200": _json("Health")}
        ),
        ("get", "/readyz"): _open(
            "readiness",
            "Whether what it depends on answers",
            {"200": _json("Readiness"), "503": _json("Readiness", "Error")},
        ),
        ("get", "/metrics"): _open(
            "metrics",
            "Metrics for Prometheus; what a proxy passes on gets 404",
            {
                "200": text,
                "403": {"$ref": "#/components/responses/Forbidden"},
                "404": {"$ref": "#/components/responses/NotFound"},
                "500": failed,
                "503": draining,
            },
        ),
        ("get", "/openapi.json"): _open(
            "contract", "This document", {"200": document, "500": failed, "503": draining}
        ),
    }


def _open(name: str, summary: str, responses: Schema) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["operating"],
        "security": [],
        "responses": responses,
    }


def _json(*names: str) -> Schema:
    schema = _ref(names[0]) if len(names) == 1 else {"anyOf": [_ref(name) for name in names]}
    content = {"application/json": {"schema": schema}}
    return {"description": names[0], "headers": NUMBERED, "content": content}
