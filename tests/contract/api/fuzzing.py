"""Generated requests against a running API: what is sent, what is allowed to come back."""

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.harness.api_client import ApiClient
from tests.harness.contract import check_event, document
from tests.harness.sse import Aside, StreamEvent, StrictReader
from tests.harness.stack import Stack

CASES: Final = int(os.environ.get("MILLSTREAM_FUZZ_CASES", "12"))
"""How many cases are generated for each operation."""

WHOLE: Final = CASES >= 50
"""Whether every boundary of every schema is tried too."""

_TOO_LARGE: Final = 413

_STREAMING: Final = ("/responses", "/chat/completions")

# Rules that JSON Schema cannot say; the document says them in words.
_IN_WORDS_ONLY: Final = (
    (r"(input|messages)\[\d+\]\.role", r"must be the user's: the last one is asked"),
    (r"input|messages", r"needs a message of the user: the question"),
    (r"(input|messages)\[\d+\]\.content", r"must be a question: it is empty or blank"),
    (r"(input|messages)\[\d+\]\.content", r"may have up to (8000|4000) characters"),
    (r"max_tokens", r"must equal max_completion_tokens"),
    (r"after", r"after must be the id of"),
    (r"starting_after|Last-Event-ID", r"must be below \d+: there are no more events yet"),
    (r"millstream\.replaces", r"replaces must be a response of this conversation"),
)


def narrowed_document(model: str) -> dict[str, Any]:
    """Give the document for an API that serves one model, which it cannot know of itself."""
    narrowed: dict[str, Any] = json.loads(json.dumps(document()))
    narrowed["components"]["schemas"]["Model"]["enum"] = [model]
    return narrowed


def operation_ids() -> set[str]:
    """Give the names of all operations."""
    return {
        operation["operationId"]
        for operations in document()["paths"].values()
        for operation in operations.values()
    }


@dataclass
class Fuzzer:
    """Sends cases and judges the answers."""

    stack: Stack
    client: ApiClient
    statuses: Counter[str] = field(default_factory=Counter)
    events: int = 0
    _turn: int = 0

    def try_case(self, case: schemathesis.Case[Any]) -> None:
        """Send a case; fail unless its answer is one that the document says."""
        self._turn += 1
        if self._turn % 2:
            self._name_what_is_there(case)
        response = case.call(base_url=self.stack.api_url)
        self.statuses[str(response.status_code)] += 1
        excluded: list[Any] = [positive_data_acceptance] if _is_in_words_only(response) else []
        if response.status_code == _TOO_LARGE:
            # A rejection that the check does not know, of what was made too long.
            excluded.append(negative_data_rejection)
        case.validate_response(response, excluded_checks=excluded)
        self._check_stream(case, response)

    def _name_what_is_there(self, case: schemathesis.Case[Any]) -> None:
        """Put ids of real objects in place of made-up ones that are as valid."""
        if _is_positive(case, ParameterLocation.PATH):
            for name in case.path_parameters or {}:
                case.path_parameters[name] = self._real(name, case.path_parameters[name])
        if _is_positive(case, ParameterLocation.BODY) and isinstance(case.body, dict):
            if case.path.endswith(_STREAMING) and self._turn % 4 == 1:
                case.body["stream"] = True
            if isinstance(case.body.get("conversation"), str):
                case.body["conversation"] = self._conversation()
            if isinstance(case.body.get("previous_response_id"), str):
                case.body["previous_response_id"] = self._response()

    def _real(self, name: str, otherwise: Any) -> Any:
        match name:
            case "response_id":
                return self._response()
            case "conversation_id" | "item_id":
                return self._conversation() if name == "conversation_id" else otherwise
            case "name":
                return "scripted-chat"
        return otherwise

    def _response(self) -> str:
        wanted = {"input": "What is a log?", "background": self._turn % 4 == 1}
        return str(self._posted("/v1/responses", wanted))

    def _conversation(self) -> str:
        item = {"role": "user", "content": "A log?"}
        return str(self._posted("/v1/conversations", {"items": [item]}))

    def _posted(self, path: str, body: dict[str, Any]) -> str:
        answer = self.client.http.post(path, json=body)
        return str(answer.raise_for_status().json()["id"])

    def _check_stream(self, case: schemathesis.Case[Any], response: schemathesis.Response) -> None:
        content_type = response.headers.get("content-type", [""])[0]
        if not content_type.startswith("text/event-stream"):
            return
        if case.path.endswith("/chat/completions"):
            self._check_completion(response.content)
            return
        items = list(StrictReader().feed(response.content))
        for item in items:
            if isinstance(item, StreamEvent | Aside):
                check_event(item.body)
                self.events += 1

    def _check_completion(self, content: bytes) -> None:
        *frames, done, rest = content.split(b"\n\n")
        assert (done, rest) == (b"data: [DONE]", b"")
        for frame in frames:
            if not frame.startswith(b":"):
                check_event(json.loads(frame.removeprefix(b"data: ")), "CompletionEvent")
                self.events += 1


def _is_positive(case: schemathesis.Case[Any], location: ParameterLocation) -> bool:
    if case.meta is None:
        return True
    component = case.meta.components.get(location)
    return component is None or component.mode.is_positive


def _is_in_words_only(response: schemathesis.Response) -> bool:
    if response.status_code != 400:
        return False
    error = response.json()["error"]
    return any(
        re.fullmatch(param, error["param"] or "") and re.search(message, error["message"])
        for param, message in _IN_WORDS_ONLY
    )
