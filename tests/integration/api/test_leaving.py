"""Without background a client that goes away stops its answer; with it the answer goes on."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import websocket

from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually
from tests.harness.proxy import TcpProxy
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe

ScribeOf = Callable[[str], Scribe]

_REPLY_SECONDS = 0.5


@pytest.fixture
def far_api(shared_backends: Backends) -> Iterator[Service]:
    """An API whose PostgreSQL answers late."""
    port = urlsplit(shared_backends.database_url).port
    assert port is not None
    with TcpProxy(port, reply_seconds=_REPLY_SECONDS) as proxy:
        url = shared_backends.database_url.replace(f":{port}", f":{proxy.port}")
        api = start_api(replace(shared_backends, database_url=url).settings())
        yield api
        api.process.stop(30)


def is_to_stop(backends: Backends, question: str) -> bool:
    with psycopg.connect(backends.database_url) as connection:
        row = connection.execute(
            "SELECT cancel_requested_at IS NOT NULL FROM responses WHERE question = %s", [question]
        ).fetchone()
    return row is not None and bool(row[0])


def told_to_stop(scribe: Scribe) -> bool:
    scribe.write("B")
    return scribe.told_to_stop


def test_closing_a_stream_stops_its_answer(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    with client.stream("Left?", background=False) as stream:
        created = stream.until_type("response.created")
        scribe = scribe_of(created.body["response"]["id"])
        scribe.write("A")
        stream.until_text(1)

    eventually("a stop", lambda: is_to_stop(shared_backends, "Left?"), 20)
    eventually("the writer to be told", lambda: told_to_stop(scribe), 20)


def test_closing_a_stream_of_an_answer_in_the_background_leaves_it(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    with client.stream("Stays?", background=True) as stream:
        created = stream.until_type("response.created")
    # What comes after it in the same way has been acted on before.
    with client.stream("Left later?", background=False) as other:
        other.until_type("response.created")
    eventually("a stop", lambda: is_to_stop(shared_backends, "Left later?"), 20)

    assert not is_to_stop(shared_backends, "Stays?")
    scribe = scribe_of(created.body["response"]["id"])
    scribe.write("A")
    assert not scribe.told_to_stop


def test_a_repeat_that_goes_away_stops_nothing_and_the_first_one_still_reads(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    asked: dict[str, Any] = {"background": False, "idempotency_key": "repeated"}
    with client.stream("Repeated?", **asked) as first:
        created = first.until_type("response.created")
        scribe = scribe_of(created.body["response"]["id"])
        with client.stream("Repeated?", **asked) as repeat:
            repeated = repeat.until_type("response.created")
        # What comes after it in the same way has been acted on before.
        with client.stream("Left after it?", background=False) as other:
            other.until_type("response.created")
        eventually("a stop", lambda: is_to_stop(shared_backends, "Left after it?"), 20)

        scribe.write("A")

        first.until_text(1)
        assert repeated.body == created.body
        assert not is_to_stop(shared_backends, "Repeated?")
        assert not scribe.told_to_stop

    eventually("a stop", lambda: is_to_stop(shared_backends, "Repeated?"), 20)


def test_a_viewer_that_comes_and_goes_stops_nothing(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    with client.stream("Watched?", background=False) as stream:
        created = stream.until_type("response.created")
        scribe = scribe_of(created.body["response"]["id"])
        with client.follow(scribe.row.id) as second:
            second.until_type("response.queued")

        scribe.write("A")

        stream.until_text(1)
        assert not scribe.told_to_stop


def test_an_answer_that_was_read_to_its_end_is_left_as_it_is(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    with client.stream("Read?", background=False) as stream:
        created = stream.until_type("response.created")
        scribe = scribe_of(created.body["response"]["id"])
        scribe.finish()
        stream.to_end()

    assert client.retrieve(scribe.row.id)["status"] == "completed"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
def test_who_waits_for_a_whole_answer_and_goes_away_stops_it(
    path: str, api: Service, shared_backends: Backends
) -> None:
    question = f"Waiting at {path}?"
    message = {"role": "user", "content": question}
    body = {"input": [message]} if path == "/v1/responses" else {"messages": [message]}
    with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as client:
        waiting = threading.Thread(target=_post_until_closed, args=(client, path, body))
        waiting.start()
        eventually("the question", lambda: _is_there(shared_backends, question), 20)

        _cut(client)

        eventually("a stop", lambda: is_to_stop(shared_backends, question), 20)
        waiting.join(20)


def test_closing_a_socket_stops_what_was_asked_on_it_and_not_in_the_background(
    api: Service, shared_backends: Backends
) -> None:
    url = api.url.replace("http", "ws") + "/v1/responses"
    socket = websocket.create_connection(url, timeout=20)
    for question, background in (("On a socket?", False), ("In the background?", True)):
        asked = {"type": "response.create", "input": question, "background": background}
        socket.send(json.dumps(asked))
        eventually("the question", lambda q=question: _is_there(shared_backends, q), 20)  # type: ignore[misc]

    socket.close()

    eventually("a stop", lambda: is_to_stop(shared_backends, "On a socket?"), 20)
    assert not is_to_stop(shared_backends, "In the background?")


def test_a_socket_that_closes_while_its_question_is_being_accepted_stops_it(
    far_api: Service, shared_backends: Backends
) -> None:
    url = far_api.url.replace("http", "ws") + "/v1/responses"
    socket = websocket.create_connection(url, timeout=20)
    socket.send(json.dumps({"type": "response.create", "input": "Accepted?"}))
    # The ledger has it, and the API does not know that yet.
    eventually("the question", lambda: _is_there(shared_backends, "Accepted?"), 20)

    socket.close()

    eventually("a stop", lambda: is_to_stop(shared_backends, "Accepted?"), 20)


def _post_until_closed(client: httpx.Client, path: str, body: object) -> None:
    try:
        client.post(path, json=body)
    except httpx.HTTPError:
        return


def _cut(client: httpx.Client) -> None:
    """Close the connection under a request that is still waiting."""
    pool = client._transport._pool  # type: ignore[attr-defined]
    for connection in list(pool.connections):
        stream = connection._connection._network_stream
        stream.get_extra_info("socket").shutdown(2)


def _is_there(backends: Backends, question: str) -> bool:
    with psycopg.connect(backends.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM responses WHERE question = %s", [question]
        ).fetchone()
    return row is not None and row[0] > 0
