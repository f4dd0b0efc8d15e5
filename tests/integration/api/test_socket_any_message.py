"""Whatever JSON comes on a WebSocket, it is answered, and the socket lives."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import websocket
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.services import Service

_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)

_NO_TEXT = _ANY_JSON.filter(lambda value: not isinstance(value, str))
# No role that there is comes out of it: nothing here is a question that would be answered.
_MESSAGES = st.lists(
    st.fixed_dictionaries({}, optional={"role": _NO_TEXT, "content": _ANY_JSON, "type": _ANY_JSON}),
    max_size=2,
)
_TYPES = st.sampled_from(["response.create", "millstream.response.resume"])
_ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "type": _TYPES | _ANY_JSON,
        "stream_id": _ANY_JSON,
        "stream": st.just(True) | _ANY_JSON,
        "generate": st.just(True) | _ANY_JSON,
        "input": _MESSAGES | _NO_TEXT,
        "conversation": _ANY_JSON,
        "metadata": _ANY_JSON,
        "model": _ANY_JSON,
        "millstream": _ANY_JSON,
        "temperature": _ANY_JSON,
        "tools": _ANY_JSON,
        "response_id": _ANY_JSON,
        "starting_after": _ANY_JSON,
    },
)


@pytest.fixture(scope="module")
def one_socket(api: Service) -> Iterator[websocket.WebSocket]:
    url = api.url.replace("http", "ws") + "/v1/responses"
    connection = websocket.create_connection(url, timeout=20)
    yield connection
    connection.close()


@settings(deadline=None, max_examples=150)
@given(message=_ANY_JSON | _ENVELOPES)
@example(message={"type": "millstream.response.resume", "response_id": "any text"})
def test_json_of_any_shape_is_answered_by_an_error_event_and_the_socket_lives(
    one_socket: websocket.WebSocket, message: Any
) -> None:
    one_socket.send(json.dumps(message))

    answer = json.loads(one_socket.recv())

    # A text may be the id of a response, which is not there.
    names_one = isinstance(message, dict) and isinstance(message.get("response_id"), str)
    status = 404 if names_one and answer["error"]["code"] == "not_found" else 400
    assert (answer["type"], answer["status"]) == ("error", status)
    assert {"message", "type", "param", "code"} == answer["error"].keys()
    assert answer["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("name", ["type", "stream", "generate", "stream_id"])
@pytest.mark.parametrize("value", [[], {}, [[]], {"a": {}}, 1, 0.5, True, False])
def test_an_envelope_of_the_wrong_type_names_its_field(
    one_socket: websocket.WebSocket, name: str, value: Any
) -> None:
    if value is True and name in {"stream", "generate"}:
        value = "true"

    one_socket.send(json.dumps({"type": "response.create", "input": "x", name: value}))

    assert json.loads(one_socket.recv())["error"]["param"] == name
