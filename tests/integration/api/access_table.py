"""Every route, and how a test calls it: a route without a row fails test_access.py."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import Flask

from millstream_api.app import add_routes

Kind = Literal["open", "own", "object"]


@dataclass(frozen=True)
class Row:
    """One route, and what it is.

    kind: "open" answers everybody; "own" acts on what is the caller's (another sees nothing of the
    owner's); "object" acts on what its path or body names (another gets 404).
    refused, served: the status for another, and for the owner.
    body, query: ``{response}``, ``{conversation}`` and ``{item}`` stand for ids of the owner's.
    """

    method: str
    rule: str
    kind: Kind = "object"
    query: str = ""
    body: dict[str, Any] | None = None
    refused: int = 404
    served: int = 200
    note: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the route as the test's name shows it."""
        return f"{self.method} {self.rule}{self.query}{self.note}"


_RESPONSE = "/v1/responses/<response_id>"
_CONVERSATION = "/v1/conversations/<conversation_id>"
_QUESTION = {"input": "What is a log?", "background": True}

ROWS = [
    Row("GET", "/healthz", "open"),
    Row("GET", "/readyz", "open"),
    Row("GET", "/metrics", "open"),
    Row("GET", "/openapi.json", "open"),
    Row("POST", "/v1/responses", "own", body=_QUESTION),
    Row(
        "POST",
        "/v1/responses",
        body={**_QUESTION, "conversation": "{conversation}"},
        note=" in a conversation",
    ),
    Row("GET", _RESPONSE),
    Row("GET", _RESPONSE, query="?stream=true"),
    Row("GET", _RESPONSE, query="?stream=true&starting_after=0"),
    Row("POST", f"{_RESPONSE}/cancel"),
    Row("DELETE", _RESPONSE),
    Row("GET", f"{_RESPONSE}/input_items"),
    Row(
        "POST",
        "/v1/responses",
        body={**_QUESTION, "millstream": {"replaces": "{response}"}},
        note=" in place of another",
    ),
    Row("POST", f"{_RESPONSE}/ticket"),
    Row("POST", f"{_RESPONSE}/feedback", body={"rating": "up"}),
    Row(
        "POST",
        "/v1/responses",
        body={**_QUESTION, "previous_response_id": "{response}"},
        # It is the owner's to follow, but it has not ended yet.
        served=409,
        note=" behind another",
    ),
    Row(
        "POST",
        "/v1/chat/completions",
        "own",
        body={"messages": [{"role": "user", "content": "x"}], "stream": True},
    ),
    Row(
        "POST",
        "/serving-endpoints/chat/completions",
        "own",
        body={"messages": [{"role": "user", "content": "x"}], "stream": True},
    ),
    Row("POST", "/serving-endpoints/responses", "own", body=_QUESTION),
    Row("GET", "/v1/models", "own"),
    # There is none of this name.
    Row("GET", "/v1/models/<path:name>", "own", served=404),
    Row("POST", "/v1/conversations", "own", body={}),
    Row("GET", "/v1/conversations", "own"),
    Row("GET", "/v1/conversations", query="?after={conversation}", refused=400),
    Row("GET", _CONVERSATION),
    Row("POST", _CONVERSATION, body={"title": "Mine"}),
    Row("DELETE", _CONVERSATION),
    Row("GET", f"{_CONVERSATION}/items"),
    Row("POST", f"{_CONVERSATION}/items", body={"items": [{"role": "user", "content": "x"}]}),
    Row("GET", f"{_CONVERSATION}/items/<item_id>"),
    Row("DELETE", f"{_CONVERSATION}/items/<item_id>"),
]
"""The WebSocket's messages are called by tests of their own."""


def routes() -> Iterator[tuple[str, str]]:
    """Give method and rule of every HTTP route of the app."""
    for method, rule, _ in endpoints():
        yield method, rule


def endpoints() -> Iterator[tuple[str, str, str]]:
    """Give method, rule and endpoint of every HTTP route of the app."""
    app = Flask("routes", static_folder=None)
    add_routes(app)
    for rule in app.url_map.iter_rules():
        if not rule.websocket:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, rule.rule, rule.endpoint


def sockets() -> set[str]:
    """Give the rules of every WebSocket."""
    app = Flask("routes", static_folder=None)
    add_routes(app)
    return {rule.rule for rule in app.url_map.iter_rules() if rule.websocket}
