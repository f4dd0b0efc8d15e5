"""One operation: what a path is for, what it takes, and what it may answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scripts.openapi.schemas import Schema, ref

# What any operation behind the gate may answer: a query parameter that it does not know, no login,
# a strange page, too many requests, our own mistake, a server that is away or a process that is
# about to end.
ALWAYS: Final = (400, 401, 403, 429, 500, 503)

NUMBERED: Final = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}

ERRORS: Final[dict[int, str]] = {
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    408: "TooSlow",
    409: "Conflict",
    413: "TooLarge",
    415: "NotJson",
    426: "UpgradeRequired",
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
                "content": {"application/json": {"schema": ref(self.body)}},
            }
        if self.ticket:
            described["security"] = [{}, {"bearer": []}, {"proxy": []}, {"ticket": []}]
        also = {*((413,) if self.body else ()), *((408, 415) if method == "post" else ())}
        errors = sorted({*self.errors, *ALWAYS, *also})
        described["responses"] = {"200": self._good()} | {
            str(status): {"$ref": f"#/components/responses/{ERRORS[status]}"} for status in errors
        }
        return described

    def _good(self) -> Schema:
        content: Schema = {"application/json": {"schema": ref(self.answers)}}
        if self.stream:
            content["text/event-stream"] = {"schema": _frame(self.stream)}
        return {"description": self.summary, "headers": NUMBERED, "content": content}


def _frame(event: str) -> Schema:
    told = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": ref(event),
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
