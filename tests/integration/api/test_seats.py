"""A process serves so many streams at a time; who finds no seat is told so, and nothing is kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
import websocket

from millstream_contract.identifiers import new_id
from tests.harness.api_client import ApiClient, ApiError, EventStream
from tests.harness.deadlines import eventually
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.integration.api.kept import Kept

_SEATS = 4
_ASKED = {"input": "What is a log?"}
_CHAT = {"messages": [{"role": "user", "content": "What is a log?"}]}


@pytest.fixture(scope="module")
def small_api(shared_backends: Backends) -> Iterator[Service]:
    service = start_api({**shared_backends.settings(), "MILLSTREAM_MAX_STREAMS": str(_SEATS)})
    yield service
    service.process.stop(30)


@pytest.fixture
def guest(small_api: Service) -> Iterator[ApiClient]:
    """A client of an API that has its seats free again."""
    with ApiClient(small_api.url) as client:
        eventually("the seats to be free", lambda: _free_seats(client) == _SEATS, 20)
        yield client


def _free_seats(client: ApiClient) -> int:
    """Take seats as long as there are any; they are free again when this returns.

    The API ends the streams: it gives the seat of one back before it does anything else. Of a
    client that goes away it hears at some time later.
    """
    response_id = client.start("What is a log?")["id"]
    taken: list[EventStream] = []
    with ExitStack() as streams:
        for _ in range(_SEATS + 1):
            try:
                taken.append(streams.enter_context(client.follow(response_id)))
            except ApiError:
                break
        client.cancel(response_id)
        for stream in taken:
            stream.to_end()
    return len(taken)


def _fill(client: ApiClient, streams: ExitStack) -> str:
    """Take all seats, by streams of this response."""
    response_id = str(client.start("What is a log?")["id"])
    for _ in range(_SEATS):
        streams.enter_context(client.follow(response_id))
    return response_id


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {**_ASKED, "stream": True}),
        ("/v1/responses", {**_ASKED, "stream": True, "background": True}),
        ("/v1/responses", _ASKED),
        ("/v1/chat/completions", {**_CHAT, "stream": True}),
        ("/v1/chat/completions", _CHAT),
    ],
)
def test_who_finds_no_seat_gets_503_and_nothing_is_kept(
    path: str, body: dict[str, object], guest: ApiClient, shared_backends: Backends
) -> None:
    with ExitStack() as streams:
        response_id = _fill(guest, streams)
        before = Kept.by(shared_backends)

        refused = guest.http.post(path, json=body)

        assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"]["code"] == "streams_full"
        assert before.added(shared_backends) == set()
        # Who does not stay needs no seat.
        assert guest.retrieve(response_id)["status"] == "queued"
        guest.start("What is a log?")


def test_a_watcher_and_a_socket_need_a_seat_as_well(guest: ApiClient, small_api: Service) -> None:
    url = small_api.url.replace("http", "ws") + "/v1/responses"
    with ExitStack() as streams:
        response_id = _fill(guest, streams)

        with pytest.raises(ApiError) as refused, guest.follow(response_id):
            pass
        with pytest.raises(websocket.WebSocketBadStatusException) as shut:
            websocket.create_connection(url, timeout=20)

    assert (refused.value.status, refused.value.error["code"]) == (503, "streams_full")
    assert shut.value.status_code == httpx.codes.SERVICE_UNAVAILABLE


def test_a_seat_is_free_again_when_its_stream_ends_however_it_does(guest: ApiClient) -> None:
    response_id = guest.start("What is a log?")["id"]
    for _ in range(2 * _SEATS):
        # Never iterated over: what is asked for by HEAD, and what is refused behind the seat.
        assert guest.http.head(f"/v1/responses/{response_id}", params={"stream": "true"}).is_success
        nowhere = {**_ASKED, "stream": True, "conversation": new_id("conv")}
        assert guest.http.post("/v1/responses", json=nowhere).is_client_error
    with guest.follow(response_id) as stream:
        guest.cancel(response_id)
        stream.to_end()

    eventually("all seats to be free", lambda: _free_seats(guest) == _SEATS, 20)


def test_of_many_at_once_no_more_get_a_seat_than_there_are(guest: ApiClient) -> None:
    response_id = guest.start("What is a log?")["id"]
    with ExitStack() as streams, ThreadPoolExecutor(20) as threads:

        def follow(_: int) -> int:
            try:
                streams.enter_context(guest.follow(response_id))
            except ApiError as refused:
                return refused.status
            return 200

        statuses = list(threads.map(follow, range(20)))

    assert sorted(statuses) == [200] * _SEATS + [503] * (20 - _SEATS)
