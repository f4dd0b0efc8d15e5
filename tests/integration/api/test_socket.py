"""The WebSocket carries the same events as the stream."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websocket

from tests.harness.api_client import ApiClient
from tests.harness.services import Service
from tests.integration.api.scribe import Scribe
from tests.integration.api.socket_messages import next_event

ScribeOf = Callable[[str], Scribe]


@pytest.fixture
def socket(api: Service) -> Iterator[websocket.WebSocket]:
    url = api.url.replace("http", "ws") + "/v1/responses"
    connection = websocket.create_connection(url, timeout=20)
    yield connection
    connection.close()


def test_asking_on_a_socket_gives_the_same_events_as_the_stream(
    socket: websocket.WebSocket, client: ApiClient, scribe_of: ScribeOf
) -> None:
    socket.send(json.dumps({"type": "response.create", "input": "What is a log?"}))
    created = next_event(socket)
    scribe = scribe_of(created["response"]["id"])
    scribe.write("a ", "file")
    scribe.finish()

    events = [created, *_to_end(socket)]

    with client.follow(scribe.row.id) as stream:
        assert [event.body for event in stream] == events


def test_a_socket_resumes_a_response_from_a_cursor(
    socket: websocket.WebSocket, client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write(*"abc")
    scribe.finish()

    resume = {"type": "millstream.response.resume", "response_id": scribe.row.id}
    socket.send(json.dumps({**resume, "starting_after": 3}))

    assert [event["sequence_number"] for event in _to_end(socket)] == [4, 5]


def test_two_responses_share_a_socket(
    socket: websocket.WebSocket, client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribes = [scribe_of(client.start("What is a log?")["id"]) for _ in range(2)]
    for scribe in scribes:
        resume = {"type": "millstream.response.resume", "response_id": scribe.row.id}
        socket.send(json.dumps(resume))
    for scribe in scribes:
        scribe.write("x")
        scribe.finish()

    ended = {_to_end(socket)[-1]["response"]["id"] for _ in scribes}

    assert ended == {scribe.row.id for scribe in scribes}


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("{", "body"),
        ("[]", "body"),
        ('{"type": "x"}', "type"),
        ('{"type": "response.create"}', "input"),
        ('{"type": "response.create", "input": ""}', "input"),
        ('{"type": "millstream.response.resume"}', "response_id"),
        ('{"type": "millstream.response.resume", "response_id": "abc"}', "id"),
        ('{"type": "millstream.response.resume", "response_id": "\\u0000"}', "id"),
        ('{"type": "millstream.response.resume", "response_id": "\\ud800"}', "id"),
        ('{"type": "response.create", "input": "x", "metadata": {"a": "\\u0000"}}', "metadata.a"),
        (
            '{"type": "millstream.response.resume", "response_id": "abc", "starting_after": "x"}',
            "starting_after",
        ),
    ],
)
def test_a_bad_message_is_answered_by_an_error_and_the_socket_stays_open(
    message: str, param: str, socket: websocket.WebSocket
) -> None:
    for _ in range(2):
        socket.send(message)

        error = next_event(socket)

        assert error["type"] == "error"
        assert error["error"]["param"] == param


def test_a_socket_has_only_so_many_responses_open(
    socket: websocket.WebSocket, client: ApiClient
) -> None:
    response_id = client.start("What is a log?")["id"]
    resume = {"type": "millstream.response.resume", "response_id": response_id}
    for _ in range(33):
        socket.send(json.dumps(resume))

    told = [next_event(socket) for _ in range(2 * 32 + 1)]

    assert [one["error"]["code"] for one in told if one["type"] == "error"] == ["too_many_streams"]


def test_a_socket_says_that_its_response_was_deleted(
    socket: websocket.WebSocket, client: ApiClient
) -> None:
    conversation = client.create_conversation()["id"]
    response_id = client.start("What is a log?", conversation=conversation)["id"]
    resume = {"type": "millstream.response.resume", "response_id": response_id}
    socket.send(json.dumps({**resume, "starting_after": 0}))
    assert next_event(socket)["type"] == "response.queued"

    client.http.delete(f"/v1/conversations/{conversation}")

    assert next_event(socket)["error"]["code"] == "not_found"


@pytest.mark.parametrize("cursor", [2, 10_000, 10**30])
def test_a_cursor_ahead_of_the_log_is_refused(
    cursor: int, socket: websocket.WebSocket, client: ApiClient
) -> None:
    response_id = client.start("What is a log?")["id"]

    resume = {"type": "millstream.response.resume", "response_id": response_id}
    socket.send(json.dumps({**resume, "starting_after": cursor}))

    assert next_event(socket)["error"]["param"] == "starting_after"


def _to_end(socket: websocket.WebSocket) -> list[dict[str, Any]]:
    events = []
    while True:
        events.append(next_event(socket))
        if events[-1]["type"] == "response.completed":
            return events


def test_a_lane_marks_its_events_and_answers_one_after_the_other(
    socket: websocket.WebSocket, client: ApiClient, scribe_of: ScribeOf
) -> None:
    for question in ("First in the lane?", "Second in the lane?"):
        asked = {"type": "response.create", "stream_id": "a", "input": question}
        socket.send(json.dumps(asked))

    first = next_event(socket)
    scribe = scribe_of(first["response"]["id"])
    scribe.write("a file")
    scribe.finish()
    events = [first, *_to_end(socket)]
    second = next_event(socket)

    assert {event["stream_id"] for event in [*events, second]} == {"a"}
    assert {event["response"]["id"] for event in events if "response" in event} == {scribe.row.id}
    assert second["type"] == "response.created"
    assert second["response"]["id"] != scribe.row.id


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"type": "response.steer"}, "type"),
        ({"type": "response.create", "input": "x", "stream_id": ""}, "stream_id"),
        ({"type": "response.create", "input": "x", "generate": False}, "generate"),
        ({"type": "response.create", "input": "x", "tools": [1]}, "tools"),
        (
            {"type": "millstream.response.resume", "response_id": "resp_1", "cursor": 1},
            "cursor",
        ),
    ],
)
def test_a_message_that_is_not_understood_is_an_error_that_names_the_field(
    socket: websocket.WebSocket, message: dict[str, Any], param: str
) -> None:
    socket.send(json.dumps({**message}))

    error = next_event(socket)

    assert (error["type"], error["status"]) == ("error", 400)
    assert error["error"]["param"] == param
