"""The operations on responses: asking in three ways, watching, stopping; and on models."""

from dataclasses import replace
from typing import Final

from scripts.openapi.operation import Operation

STREAM_CONTRACT: Final = "specs/005-chat-streaming-responses/contracts/sse-stream.yaml"

PAGE: Final = ("Limit", "After", "Order", "Include", "IncludeBrackets")
"""The parameters of a list that is read page by page."""

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
    errors=[404],
    stream="StreamEvent",
    ticket=True,
    description="A stream begins behind the cursor and ends with `data: [DONE]`; one that ends"
    " without was cut: come back with the cursor. A cursor ahead of the events there are is a 400."
    f" {STREAM_CONTRACT} describes the frames.",
)

RESPONSE_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
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
        parameters=["ResponseId", *PAGE],
        errors=[404],
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
}
