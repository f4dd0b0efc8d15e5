"""An error names the field, the kind of mistake and what is allowed, and nothing of our code."""

import json
import re
from typing import Any, Final

import httpx
import pytest
import websocket

from tests.harness.api_client import ApiClient
from tests.harness.services import Service
from tests.integration.api.field_error_table import MISTAKES, QUERIES

# Names of Python's, of the library that checks, and of classes: nothing of it is a client's.
_OURS: Final = re.compile(
    r"pydantic|[Pp]ython|Input should|instance of|dictionar|\bdict\b|\bNone|\bsys\.|https?://"
    r"|\b(?:str|int|float|bool)\b(?!-)|[a-z][A-Z]"
)

# The last thing that is checked of a body is that it asks something: nothing is ever stored.
ROUTES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "CreateResponse": ("/v1/responses", {"input": ""}),
    "CreateCompletion": ("/v1/chat/completions", {"messages": []}),
    "CreateConversation": ("/v1/conversations", {"metadata": {"": 1}}),
    "UpdateConversation": ("/v1/conversations/{conversation}", {"metadata": {"": 1}}),
    "AddItems": ("/v1/conversations/{conversation}/items", {"items": []}),
    "GiveFeedback": ("/v1/responses/{response}/feedback", {"rating": "sideways"}),
}

CODES: Final = {
    "array_above_max_length",
    "decimal_above_max_value",
    "decimal_below_min_value",
    "empty_array",
    "empty_string",
    "integer_above_max_value",
    "integer_below_min_value",
    "invalid_type",
    "invalid_value",
    "missing_required_parameter",
    "model_not_found",
    "object_above_max_properties",
    "property_name_above_max_length",
    "string_above_max_length",
    "unknown_parameter",
    "unsupported_value",
}

# As JSON text: what any field of any body may be sent.
_DEEP = "[" * 60 + "]" * 60
_ANYTHING = (
    *("0", "-1", "9", "0.5", "1e999", "-1e999", "1" * 400, "1" * 5000, "true", "false", "null"),
    *('""', '" "', '"x"', '"a\\u0000b"', '"\\ud83d"', json.dumps("x" * 5000), _DEEP),
    *("[]", "[1]", "[null]", "[{}]", '[{"type": []}]', '[{"role": []}]', '[{"role": "user"}]'),
    '[{"role": "user", "content": [{"type": []}]}]',
    '[{"role": "user", "content": [{"type": "text", "text": 1}]}]',
    *("{}", '{"id": 1}', '{"str": 1}', '{"\\ud83d": "x"}', '{"a": "\\ud83d"}', '{"a": [1]}'),
    *('{"when_busy": []}', '{"when_busy": 1}', '{"replaces": 1}', '{"include_usage": 1}'),
    '{"%s": 1}' % ("n" * 300),
)


@pytest.fixture
def places(client: ApiClient) -> dict[str, str]:
    """Objects that are there, for addresses."""
    return {
        "conversation": client.create_conversation()["id"],
        "response": client.start("What is a log?")["id"],
    }


@pytest.mark.parametrize("body", ROUTES)
def test_whatever_a_field_is_sent_the_error_names_it_and_nothing_of_our_code(
    body: str, client: ApiClient, places: dict[str, str]
) -> None:
    address, asks_nothing = ROUTES[body]
    (last_checked,) = asks_nothing
    document = client.http.get("/openapi.json").json()
    fields = document["components"]["schemas"][body]["properties"]

    for field in [*fields, "unheard_of", "str", "n" * 300]:
        for given in _ANYTHING:
            sent = {name: value for name, value in asks_nothing.items() if name != field}
            text = _with(sent | ({"background": True} if field == "input" else {}), field, given)
            answer = client.http.post(address.format(**places), content=text)

            if body == "GiveFeedback" and field == "rating" and given == "null":
                assert answer.status_code == httpx.codes.OK
            elif answer.status_code != httpx.codes.OK or field != last_checked:
                _check_refusal(answer, text)
                told = str(answer.json()["error"]["param"]).rstrip("…")
                root = re.split(r"[.\[]", told)[0]
                assert root in {field, field[:100], last_checked, "input", "body"}, text[:200]


@pytest.mark.parametrize(
    ("body", "param", "given", "code"),
    [(body, *row) for body, rows in MISTAKES.items() for row in rows],
    ids=lambda value: value[:40],
)
def test_the_code_tells_the_kind_of_mistake(
    body: str, param: str, given: str, code: str, client: ApiClient, places: dict[str, str]
) -> None:
    address, asks_nothing = ROUTES[body]
    field = re.split(r"[.\[]", param)[0]
    fine: dict[str, Any] = {"stream": True} if body == "CreateCompletion" else {}
    fine |= {"rating": "up"} if body == "GiveFeedback" else {}
    sent = {name: value for name, value in (asks_nothing | fine).items() if name != field}
    text = _with(sent, field, given)

    answer = client.http.post(address.format(**places), content=text)

    _check_refusal(answer, text)
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, code)


def test_every_field_of_a_body_has_a_row(client: ApiClient) -> None:
    """A new field is to be looked at; one without effect says what it may be by itself."""
    schemas = client.http.get("/openapi.json").json()["components"]["schemas"]
    for body, rows in MISTAKES.items():
        rowed = {re.split(r"[.\[]", param)[0] for param, _, _ in rows}
        for field in schemas[body]["properties"].keys() - rowed:
            path, asks_nothing = ROUTES[body]
            answer = client.http.post(path, content=_with(asks_nothing, field, '{"no": "effect"}'))
            error = answer.json()["error"]
            assert error["code"] in {"unsupported_value", "unknown_parameter"}, f"{body}.{field}"


@pytest.mark.parametrize(("address", "param", "code"), QUERIES, ids=lambda value: value[:60])
def test_a_query_is_told_in_the_same_way(
    address: str, param: str, code: str, client: ApiClient, places: dict[str, str]
) -> None:
    answer = client.http.get(address.format(**places))

    _check_refusal(answer, address)
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Idempotency-Key", "", "empty_string"),
        ("Idempotency-Key", "k" * 201, "string_above_max_length"),
        ("Idempotency-Key", "a,b", "invalid_value"),
        ("Last-Event-ID", "x", "invalid_type"),
        ("Last-Event-ID", "-2", "integer_below_min_value"),
        ("Last-Event-ID", "9" * 30, "integer_above_max_value"),
    ],
)
def test_a_header_is_told_in_the_same_way(
    header: str, value: str, code: str, client: ApiClient, places: dict[str, str]
) -> None:
    headers = {header: value}
    if header == "Last-Event-ID":
        answer = client.http.get(f"/v1/responses/{places['response']}", headers=headers)
    else:
        answer = client.http.post("/v1/responses", json={"input": "x"}, headers=headers)

    _check_refusal(answer, header)
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (header, code)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"type": "x"}, "type", "invalid_value"),
        ({"type": []}, "type", "invalid_type"),
        ({}, "type", "invalid_type"),
        ({"type": "response.create", "stream": []}, "stream", "unsupported_value"),
        ({"type": "response.create", "generate": 1}, "generate", "unsupported_value"),
        ({"type": "response.create", "temperature": 9}, "temperature", "decimal_above_max_value"),
        ({"type": "response.create", "millstream": 1}, "millstream", "invalid_type"),
        ({"type": "response.create", "stream_id": 1}, "stream_id", "invalid_type"),
        ({"type": "response.create", "stream_id": ""}, "stream_id", "empty_string"),
        (
            {"type": "response.create", "stream_id": "x" * 65},
            "stream_id",
            "string_above_max_length",
        ),
        ({"type": "millstream.response.resume"}, "response_id", "missing_required_parameter"),
        ({"type": "millstream.response.resume", "response_id": 1}, "response_id", "invalid_type"),
        (
            {"type": "millstream.response.resume", "response_id": "x", "starting_after": "1"},
            "starting_after",
            "invalid_type",
        ),
        (
            {"type": "millstream.response.resume", "response_id": "x", "starting_after": -2},
            "starting_after",
            "integer_below_min_value",
        ),
    ],
    ids=str,
)
def test_a_message_on_a_socket_is_told_in_the_same_way(
    fields: dict[str, Any], param: str, code: str, api: Service
) -> None:
    url = api.url.replace("http", "ws") + "/v1/responses"
    socket = websocket.create_connection(url, timeout=20)
    socket.send(json.dumps({"input": "", **fields} if "resume" not in str(fields) else fields))

    told = json.loads(socket.recv())["error"]

    assert (told["param"], told["code"]) == (param, code)
    assert not _OURS.search(told["message"])
    socket.close()


def _with(body: dict[str, Any], field: str, given: str) -> bytes:
    return f'{{{json.dumps(body)[1:-1]}{", " if body else ""}"{field}": {given}}}'.encode()


def _check_refusal(answer: httpx.Response, sent: object) -> None:
    assert answer.status_code == httpx.codes.BAD_REQUEST, str(sent)[:200]
    error = answer.json()["error"]
    message = error["message"]
    assert error["code"] in CODES, error
    assert len(message) < 600
    # What the client itself called something is repeated, and is not ours.
    assert not _OURS.search(message.replace("str ", "").replace(".str", "")), message
    assert str(error["param"]).rstrip("…") in message or error["code"] == "model_not_found", error
