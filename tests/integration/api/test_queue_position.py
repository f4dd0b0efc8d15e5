"""Who waits in line hears the position, beside the stream: no cursor and no log knows of it."""

import json
from collections.abc import Callable

import pytest
import websocket

from tests.harness.api_client import ApiClient
from tests.harness.services import Service
from tests.integration.api.scribe import Scribe

_POSITION = "millstream.queue.position"


def test_a_viewer_hears_its_position_and_gets_the_same_stream_as_one_who_did_not(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    response_id = client.start("What is a log?")["id"]
    with client.follow(response_id) as stream:
        aside = stream.aside()
        cursor = aside["sequence_number"]
        scribe = scribe_of(response_id)
        scribe.write("A file.")
        scribe.finish()
        seen = stream.to_end()

    with client.follow(response_id) as later:
        unheard = later.to_end()
    with client.follow(response_id, starting_after=cursor) as resumed:
        behind = resumed.to_end()

    assert aside["type"] == _POSITION
    assert aside["position"] >= 1
    assert unheard.asides == []
    assert [event.body for event in seen.events] == [event.body for event in unheard.events]
    # A client that takes the aside's number for its cursor stands where it really does.
    assert behind.events == seen.events[cursor + 1 :]


def test_who_has_begun_is_told_no_position(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    waiting, begun = (client.start("What is a log?")["id"] for _ in range(2))
    scribe = scribe_of(begun)
    scribe.write("A ")
    with client.follow(waiting) as beside, client.follow(begun) as stream:
        stream.until_text(2)
        beside.aside()
        scribe.write("file.")
        scribe.finish()
        seen = stream.to_end()

    assert seen.asides == []


def test_a_socket_hears_it_as_a_message(client: ApiClient, api: Service) -> None:
    response_id = client.start("What is a log?")["id"]
    socket = websocket.create_connection(
        api.url.replace("http", "ws") + "/v1/responses", timeout=20
    )
    resume = {"type": "millstream.response.resume", "response_id": response_id}
    socket.send(json.dumps(resume))

    told = [json.loads(socket.recv()) for _ in range(3)]
    socket.close()

    assert [event["type"] for event in told][-1] == _POSITION
    assert [event["sequence_number"] for event in told] == [0, 1, 1]


@pytest.mark.parametrize("cursor", [0, 1])
def test_it_is_told_only_where_the_viewer_stands_behind_what_it_repeats(
    cursor: int, client: ApiClient
) -> None:
    response_id = client.start("What is a log?")["id"]

    with client.follow(response_id, starting_after=cursor) as stream:
        stream.aside()

    assert [event.number for event in stream.transcript.events] == [0, 1][cursor + 1 :]


def test_who_waits_for_a_turn_in_a_conversation_hears_its_position_there(
    client: ApiClient,
) -> None:
    conversation = client.create_conversation()["id"]
    ids = [client.start("What?", conversation=conversation)["id"] for _ in range(3)]

    told = []
    for response_id in ids:
        with client.follow(response_id) as stream:
            told.append(stream.aside())

    assert [aside["type"] for aside in told] == [_POSITION] * 3
    assert told[0]["line"] == "workers"
    assert [(aside["line"], aside["position"]) for aside in told[1:]] == [
        ("conversation", 1),
        ("conversation", 2),
    ]
