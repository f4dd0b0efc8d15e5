"""Chat completions and models: the same path in another shape."""

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe

ScribeOf = Callable[[str], Scribe]
USER = {"role": "user", "content": "What is a log?"}


def found(backends: Backends, question: str) -> str | None:
    with psycopg.connect(backends.database_url) as connection:
        row = connection.execute(
            "SELECT id FROM responses WHERE question = %s", [question]
        ).fetchone()
    return None if row is None else row[0]


def asking(question: str, **settings: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}], **settings}


def complete(
    client: ApiClient, backends: Backends, body: dict[str, Any], act: Callable[[str], None]
) -> httpx.Response:
    """Ask; let the test act on the response as soon as it is there; give the answer."""
    answers: list[httpx.Response] = []
    asked = threading.Thread(
        target=lambda: answers.append(client.http.post("/v1/chat/completions", json=body))
    )
    asked.start()
    question = body["messages"][-1]["content"]
    eventually("the question", lambda: found(backends, question) is not None, 20)
    response_id = found(backends, question)
    assert response_id is not None
    act(response_id)
    asked.join(20)
    return answers[0]


def writing_a_file(scribe_of: ScribeOf) -> Callable[[str], None]:
    def act(response_id: str) -> None:
        scribe = scribe_of(response_id)
        scribe.write("A ", "file.")
        scribe.finish()

    return act


def test_a_whole_completion_has_the_answer_and_the_responses_id(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    body = asking("Whole?", model="scripted-chat", max_completion_tokens=9, temperature=0)
    answer = complete(client, shared_backends, body, writing_a_file(scribe_of)).json()

    assert answer["object"] == "chat.completion"
    [choice] = answer["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("A file.", "stop")
    stored = client.retrieve(answer["id"])
    assert (stored["max_output_tokens"], stored["temperature"]) == (9, 0)


def test_a_stopped_completion_is_an_error_that_is_not_to_be_tried_again(
    client: ApiClient, shared_backends: Backends
) -> None:
    answer = complete(
        client, shared_backends, asking("Stopped?"), lambda response: _cancel(client, response)
    )

    assert answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert answer.json()["error"]["code"] == "cancelled"
    assert answer.headers["x-should-retry"] == "false"


def test_a_streamed_completion_is_the_answer_in_pieces(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    body = asking("In pieces?", stream=True, stream_options={"include_usage": True})
    answer = complete(client, shared_backends, body, writing_a_file(scribe_of))

    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n\n") if line.startswith("data: ")]
    assert lines.pop() == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert chunks[-1]["choices"] == []
    texts = [c["choices"][0]["delta"].get("content") for c in chunks[:-1]]
    assert "".join(text or "" for text in texts) == "A file."


def test_closing_a_streamed_completion_stops_it(
    client: ApiClient, shared_backends: Backends
) -> None:
    body = asking("Left in pieces?", stream=True)
    with client.http.stream("POST", "/v1/chat/completions", json=body) as stream:
        next(stream.iter_raw())
        response_id = found(shared_backends, "Left in pieces?")
    assert response_id is not None

    eventually("an end", lambda: client.retrieve(response_id)["status"] == "cancelled", 20)


def test_messages_are_the_input_items(client: ApiClient, shared_backends: Backends) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
        {"role": "assistant", "content": "Hi.", "refusal": None, "tool_calls": None},
        {"role": "user", "content": "With context?"},
    ]
    body = {"messages": messages, "stream": True}
    with client.http.stream("POST", "/v1/chat/completions", json=body) as stream:
        next(stream.iter_raw())
    response_id = found(shared_backends, "With context?")

    path = f"/v1/responses/{response_id}/input_items?order=asc"
    items = client.http.get(path).json()["data"]
    assert [item["role"] for item in items] == ["system", "user", "assistant", "user"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "messages"),
    ({"messages": "x"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages[0].content[0].type",
    ),
    ({"messages": [USER], "n": 2}, "n"),
    ({"messages": [USER], "tools": [{"type": "function"}]}, "tools"),
    ({"messages": [USER], "stop": ["x"]}, "stop"),
    ({"messages": [USER], "logprobs": True}, "logprobs"),
    ({"messages": [USER], "seed": 1}, "seed"),
    ({"messages": [USER], "response_format": {"type": "json_object"}}, "response_format"),
    ({"messages": [USER], "max_tokens": 1, "max_completion_tokens": 2}, "max_tokens"),
    ({"messages": [USER], "max_tokens": 0}, "max_tokens"),
    ({"messages": [USER], "stream_options": {}}, "stream_options"),
    ({"messages": [USER], "model": "gpt-4o"}, "model"),
    ({"messages": [USER], "store": False}, "store"),
    ({"messages": [USER], "input": "x"}, "input"),
]


@pytest.mark.parametrize(("body", "param"), REFUSED, ids=str)
def test_what_is_not_done_is_refused_by_name(
    body: dict[str, Any], param: str, client: ApiClient
) -> None:
    answer = client.http.post("/v1/chat/completions", json=body)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == param


def test_models_are_those_that_may_be_asked(client: ApiClient) -> None:
    listed = client.http.get("/v1/models").json()

    assert [model["id"] for model in listed["data"]] == ["scripted-chat"]
    assert client.http.get("/v1/models/scripted-chat").json() == listed["data"][0]
    unknown = client.http.get("/v1/models/org/other")
    assert unknown.status_code == httpx.codes.NOT_FOUND
    assert unknown.json()["error"]["code"] == "model_not_found"


def _cancel(client: ApiClient, response_id: str) -> None:
    with ApiClient(str(client.http.base_url)) as other:
        other.cancel(response_id)
