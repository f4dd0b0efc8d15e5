"""Bad input gets a clear error that names the field; nothing is stored and nothing enqueued."""

import json

import httpx
import pytest

from tests.harness.api_client import ApiClient
from tests.harness.stack import Backends
from tests.integration.api.kept import Kept

_NO_RESPONSE = "resp_" + "0" * 32
_NO_CONVERSATION = "conv_" + "0" * 32

BODIES = {
    "no body": (b"", "body"),
    "not JSON": (b"{", "body"),
    "not UTF-8": (b'{"input": "\xff"}', "body"),
    "an array": (b"[]", "body"),
    "null": (b"null", "body"),
    "NaN": (b'{"input": "x", "temperature": NaN}', "body"),
    "nested without end": (b'{"input": ' + b"[" * 100_000, "body"),
    "no input": (b"{}", "input"),
    "empty input": (b'{"input": ""}', "input"),
    "blank input": (b'{"input": " \\n\\t"}', "input"),
    "input too long": (json.dumps({"input": "x" * 2001}).encode(), "input"),
    "input is a number": (b'{"input": 1}', "input"),
    "input is null": (b'{"input": null}', "input"),
    "input is an object": (b'{"input": {"role": "user", "content": "x"}}', "input"),
    "NUL in input": (b'{"input": "a\\u0000b"}', "input"),
    "half a surrogate pair in input": (b'{"input": "a\\ud83d"}', "input"),
    "unknown field": (b'{"input": "x", "tool": []}', "tool"),
    "stream is a string": (b'{"input": "x", "stream": "yes"}', "stream"),
    "background is a number": (b'{"input": "x", "background": 1}', "background"),
    "temperature too high": (b'{"input": "x", "temperature": 3}', "temperature"),
    "temperature is a string": (b'{"input": "x", "temperature": "0.5"}', "temperature"),
    "temperature is true": (b'{"input": "x", "temperature": true}', "temperature"),
    "max_output_tokens is 0": (b'{"input": "x", "max_output_tokens": 0}', "max_output_tokens"),
    "metadata with a number": (b'{"input": "x", "metadata": {"a": 1}}', "metadata.a"),
    "metadata with a long value": (
        json.dumps({"input": "x", "metadata": {"a": "y" * 513}}).encode(),
        "metadata.a",
    ),
    "conversation is no id": (b'{"input": "x", "conversation": "abc"}', "conversation"),
    "conversation has no id": (b'{"input": "x", "conversation": {}}', "conversation.id"),
    "busy policy": (
        b'{"input": "x", "millstream": {"when_busy": "wait"}}',
        "millstream.when_busy",
    ),
    "unknown extension": (b'{"input": "x", "millstream": {"a": 1}}', "millstream.a"),
    "extension is a string": (b'{"input": "x", "millstream": "reject"}', "millstream"),
    "not to be stored": (b'{"input": "x", "store": false}', "store"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_question_is_refused_by_name_and_leaves_nothing(
    name: str, client: ApiClient, shared_backends: Backends
) -> None:
    body, param = BODIES[name]
    before = Kept.by(shared_backends)

    answer = client.http.post("/v1/responses", content=body)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == param
    assert before.added(shared_backends) == set()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is no JSON at line 1, column 1."),
        (b'{"input": "x",\n}', "it is no JSON at line 2, column 1."),
        (b'{"input": "x"} y', "it is no JSON at line 1, column 16."),
        (b'{"input": "a\nb"}', "it is no JSON at line 1, column 13."),
        (b'\xef\xbb\xbf{"input": "x"}', "it must not begin with a byte order mark."),
        (b'{"input": -Infinity}', "-Infinity is not JSON."),
    ],
)
def test_what_is_no_json_is_told_in_words_of_our_own(
    body: bytes, reason: str, client: ApiClient
) -> None:
    answer = client.http.post("/v1/responses", content=body)

    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "body", "invalid_json")
    assert error["message"] == f"The body must be a JSON object: {reason}"


@pytest.mark.parametrize(
    "body",
    [
        {"x" * 200_000: 1, "input": "x"},
        {"input": "x", "metadata": {"x" * 200_000: 1}},
        {"input": "x", "metadata": {"x" * 200_000: "x"}},
        {"input": [{"role": "user", "content": "x", "x" * 200_000: 1}]},
        {"input": "x", "millstream": {"x" * 200_000: 1}},
        {"input": "x", "model": "x" * 200_000},
        {"input": "x", "conversation": "x" * 200_000},
    ],
    ids=["field", "metadata", "its name", "message", "extension", "model", "id"],
)
def test_an_error_repeats_little_of_what_was_sent(body: object, client: ApiClient) -> None:
    answer = client.http.post("/v1/responses", json=body)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert len(answer.content) < 500


def test_a_number_without_end_is_refused_in_words_of_our_own(client: ApiClient) -> None:
    answer = client.http.post("/v1/responses", content=b'{"input": ' + b"9" * 200_000 + b"}")

    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "input", "invalid_type")


def test_a_body_over_the_limit_is_refused(client: ApiClient) -> None:
    answer = client.http.post("/v1/responses", content=b'{"input": "' + b"x" * 300_000 + b'"}')

    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("body_too_large", "body")
    assert error["message"] == "The body may have up to 262144 bytes."


def test_an_unknown_conversation_is_named(client: ApiClient, shared_backends: Backends) -> None:
    before = Kept.by(shared_backends)

    answer = client.http.post(
        "/v1/responses", json={"input": "x", "conversation": _NO_CONVERSATION}
    )

    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.json()["error"]["param"] == "conversation"
    assert before.added(shared_backends) == set()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/v1/responses/{_NO_RESPONSE}"),
        ("GET", f"/v1/responses/{_NO_RESPONSE}?stream=true"),
        ("GET", "/v1/responses/abc"),
        ("POST", f"/v1/responses/{_NO_RESPONSE}/cancel"),
        ("GET", f"/v1/conversations/{_NO_CONVERSATION}"),
        ("GET", f"/v1/conversations/{_NO_CONVERSATION}/items"),
        ("DELETE", f"/v1/conversations/{_NO_CONVERSATION}"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/responses/%00"),
    ],
)
def test_what_is_not_there_is_404_in_the_one_shape(
    method: str, path: str, client: ApiClient
) -> None:
    answer = client.http.request(method, path)

    assert answer.status_code == httpx.codes.NOT_FOUND
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_wrong_method_is_405_and_says_what_is_allowed(client: ApiClient) -> None:
    answer = client.http.put("/v1/responses")

    assert answer.status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "cursor", ["abc", "", "1.5", "-2", "99999999999999999999", "2", "10000", "0x1", "٣", "1 2"]
)
def test_a_bad_cursor_is_refused(cursor: str, client: ApiClient) -> None:
    response_id = client.start("What is a log?")["id"]

    by_query = client.http.get(
        f"/v1/responses/{response_id}", params={"stream": "true", "starting_after": cursor}
    )

    assert by_query.status_code == httpx.codes.BAD_REQUEST
    assert by_query.json()["error"]["param"] == "starting_after"


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_bad_cursor_in_the_header_is_refused_whatever_else_is_given(
    stream: str, client: ApiClient
) -> None:
    response_id = client.start("What is a log?")["id"]

    answer = client.http.get(
        f"/v1/responses/{response_id}",
        params={"stream": stream, "starting_after": "0"},
        headers={"Last-Event-ID": "x"},
    )

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == "Last-Event-ID"


def test_a_question_with_an_unknown_query_parameter_is_refused_and_leaves_nothing(
    client: ApiClient, shared_backends: Backends
) -> None:
    before = Kept.by(shared_backends)

    answer = client.http.post("/v1/responses?stream=true", json={"input": "x"})

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == "stream"
    assert before.added(shared_backends) == set()


def test_a_list_in_a_query_may_repeat_its_name_and_a_probe_may_say_anything(
    client: ApiClient,
) -> None:
    always = "file_search_call.results"

    listed = client.http.get("/v1/conversations", params={"include": [always, always]})
    probed = client.http.get("/healthz?now=1&now=2")

    assert listed.status_code == httpx.codes.OK
    assert probed.status_code == httpx.codes.OK


def test_two_idempotency_keys_are_refused_and_leave_nothing(
    client: ApiClient, shared_backends: Backends
) -> None:
    before = Kept.by(shared_backends)

    answer = client.http.post(
        "/v1/responses",
        json={"input": "x", "background": True},
        headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    )

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == "Idempotency-Key"
    assert before.added(shared_backends) == set()


def test_a_cursor_given_twice_is_refused(client: ApiClient) -> None:
    response_id = client.start("What is a log?")["id"]

    answer = client.http.get(
        f"/v1/responses/{response_id}?stream=true&starting_after=0&starting_after=1"
    )

    assert answer.status_code == httpx.codes.BAD_REQUEST


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "after=%00", f"after={_NO_CONVERSATION}"]
)
def test_a_bad_page_of_conversations_is_refused(query: str, client: ApiClient) -> None:
    answer = client.http.get(f"/v1/conversations?{query}")

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == query.partition("=")[0]


@pytest.mark.parametrize("title", ['"a\\u0000b"', '"a\\ud83d"', "1", '"' + "x" * 201 + '"'])
def test_a_bad_title_is_refused(title: str, client: ApiClient) -> None:
    answer = client.http.post("/v1/conversations", content=f'{{"title": {title}}}'.encode())

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == "title"


def test_an_item_after_nul_is_refused(client: ApiClient) -> None:
    conversation = client.create_conversation()["id"]

    answer = client.http.get(f"/v1/conversations/{conversation}/items?after=%00")

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == "after"


def test_an_idempotency_key_over_the_limit_is_refused(client: ApiClient) -> None:
    answer = client.http.post(
        "/v1/responses", json={"input": "x"}, headers={"Idempotency-Key": "k" * 201}
    )

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == "Idempotency-Key"
