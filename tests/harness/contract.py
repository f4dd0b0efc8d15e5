"""Holds what the API answers to its OpenAPI document, on every answer of every test."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator, ValidationError

_JSON = "application/json"
_ELSEWHERE = {401, 403, 404, 405, 415, 503}
"""What a path or method gets that is not there, or before that is known."""

_NO_REQUEST = {400, 414, 417, 431, 501}
"""What something gets that never becomes a request: it has no id."""

_ERROR = {"$ref": "#/components/schemas/Error"}


class ContractBroken(AssertionError):
    """The API answered what its OpenAPI document does not say."""


@cache
def document() -> dict[str, Any]:
    """Give the document that the API's package carries."""
    text = files("millstream_api").joinpath("openapi.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def check_answer(method: str, path: str, status: int, headers: httpx.Headers, body: bytes) -> None:
    """Raise ContractBroken unless an answer is one that the document says; not for streams."""
    what = f"{method} {path} answered {status}"
    if method in {"HEAD", "OPTIONS"} or headers.get("content-type") is None:
        return
    operation = _operation(method, path)
    is_request = status not in _NO_REQUEST or "x-request-id" in headers
    if operation is None or not is_request:
        if is_request and status not in _ELSEWHERE:
            raise ContractBroken(f"{what}, and is not in the document")
        check_value(_schema_key(_ERROR), _parsed(what, body), what)
        return
    described = _resolved(operation["responses"].get(str(status)))
    if described is None:
        raise ContractBroken(
            f"{what}, which is not among {sorted(operation['responses'])}: {body!r}"
        )
    _check_headers(described, headers, what)
    content_type = headers["content-type"].partition(";")[0]
    content = described["content"].get(content_type)
    if content is None:
        raise ContractBroken(f"{what} as {content_type}, not {sorted(described['content'])}")
    if content_type == _JSON:
        check_value(_schema_key(content["schema"]), _parsed(what, body), what)


def check_event(body: dict[str, Any], schema: str = "StreamEvent") -> None:
    """Raise ContractBroken unless the document knows the event."""
    key = _schema_key({"$ref": f"#/components/schemas/{schema}"})
    check_value(key, body, f"the event {body.get('type')!r}")


def check_value(schema: str, value: Any, what: str) -> None:
    """Raise ContractBroken unless a value fits a schema, given as JSON."""
    try:
        _validator(schema).validate(value)
    except ValidationError as error:
        at = "/".join(map(str, error.instance_path))
        raise ContractBroken(f"{what}: at {at!r}: {error.message}; body: {value}") from None


def checking_hooks() -> dict[str, list[Any]]:
    """Give the event hooks with which an httpx client checks every answer that is no stream."""
    return {"response": [_check]}


def _check(response: httpx.Response) -> None:
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return
    request, body = response.request, response.read()
    check_answer(request.method, request.url.path, response.status_code, response.headers, body)


def _check_headers(described: dict[str, Any], headers: httpx.Headers, what: str) -> None:
    for name, header in described.get("headers", {}).items():
        given = headers.get(name)
        schema = _resolved(header)["schema"]
        if given is None:
            raise ContractBroken(f"{what} without the header {name}")
        value = int(given) if schema["type"] == "integer" else given
        check_value(_schema_key(schema), value, f"{what}, header {name}")


def _parsed(what: str, body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise ContractBroken(f"{what} with what is not JSON: {body[:200]!r}") from None


@cache
def _operations() -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    # Paths without a parameter first: they win, as they do in the app.
    paths = sorted(document()["paths"].items(), key=lambda item: "{" in item[0])
    return tuple((_pattern(path), operations) for path, operations in paths)


def _pattern(path: str) -> re.Pattern[str]:
    # The name of a model may have slashes.
    kinds = {"{name}": ".+"}
    pieces = re.split(r"(\{\w+\})", path)
    return re.compile(
        "".join(
            kinds.get(piece, "[^/]+") if piece.startswith("{") else re.escape(piece)
            for piece in pieces
        )
    )


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for pattern, operations in _operations():
        if pattern.fullmatch(path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None


def _resolved(described: Any) -> Any:
    if described is None or "$ref" not in described:
        return described
    found: Any = document()
    for key in described["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


def _schema_key(schema: dict[str, Any]) -> str:
    return json.dumps(schema)


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": document()["components"]})
