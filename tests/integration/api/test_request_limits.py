"""A user may send so many requests a minute; each has a count of their own."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import limits.storage.memory
import pytest
import websocket
from flask import Flask, request

from millstream_api.errors import install_error_handlers
from millstream_api.identity import Identity, identify_request
from millstream_api.request_limits import limit_requests
from millstream_api.settings import Settings
from millstream_contract.redis_connection import redis_client
from tests.harness.proxy import TcpProxy
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.integration.api.socket_messages import next_event


def app_for(monkeypatch: pytest.MonkeyPatch, redis_url: str, **variables: str) -> Flask:
    given = {
        "DATABASE_URL": "postgresql://127.0.0.1/x",
        "REDIS_URL": redis_url,
        "MILLSTREAM_AUTH_MODE": "proxy",
        "MILLSTREAM_PROXY_NETWORKS": "127.0.0.0/8",
        "MILLSTREAM_REQUESTS_PER_MINUTE": "5",
        # A Redis that stands still by chance is none that is away.
        "MILLSTREAM_REDIS_TIMEOUT_SECONDS": "30",
    }
    for name, value in {**given, **variables}.items():
        monkeypatch.setenv(name, value)
    app = Flask("limited")
    app.before_request(lambda: identify_request(Identity(request.headers["User"], "proxy")))
    settings = Settings()  # type: ignore[call-arg]  # they come from the environment
    timeout_seconds = settings.redis_timeout_seconds
    limit_requests(app, settings, redis_client(redis_url, timeout_seconds=timeout_seconds))
    install_error_handlers(app)
    app.add_url_rule("/a", "a", lambda: "a")
    app.add_url_rule("/b", "b", lambda: "b")
    return app


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for who counts in memory.

    There a minute is one of the clock on the wall: one that ends between two requests gives back a
    share of the five.
    """
    now = time.time()
    monkeypatch.setattr(limits.storage.memory, "time", SimpleNamespace(time=lambda: now))


def statuses(app: Flask, user: str, requests: int) -> list[int]:
    client = app.test_client()
    return [
        client.get("/" + "ab"[number % 2], headers={"User": user}).status_code
        for number in range(requests)
    ]


def test_requests_beyond_the_limit_are_refused_until_they_may_come_again(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    app = app_for(monkeypatch, redis_url)

    assert statuses(app, "alice", 7) == [200] * 5 + [429] * 2
    assert statuses(app, "bob", 5) == [200] * 5
    refused = app.test_client().get("/a", headers={"User": "alice"})
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.get_json()["error"]["code"] == "rate_limited"


def test_two_processes_share_the_count(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    one, other = (app_for(monkeypatch, redis_url) for _ in range(2))

    assert statuses(one, "alice", 3) == [200] * 3
    assert statuses(other, "alice", 3) == [200, 200, 429]


@pytest.mark.usefixtures("one_moment")
def test_without_redis_each_process_counts_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_for(monkeypatch, "redis://127.0.0.1:1")

    assert statuses(app, "alice", 7) == [200] * 5 + [429] * 2


@pytest.mark.usefixtures("one_moment")
def test_requests_that_find_redis_silent_together_are_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    port = urlsplit(redis_url).port
    assert port is not None
    with TcpProxy(port) as network, ThreadPoolExecutor(7) as users:
        far_url = redis_url.replace(f":{port}", f":{network.port}")
        app = app_for(monkeypatch, far_url, MILLSTREAM_REDIS_TIMEOUT_SECONDS="0.2")
        network.stall()

        got = list(users.map(lambda _: statuses(app, "alice", 1)[0], range(7)))

    assert sorted(got) == [200] * 5 + [429] * 2


def test_one_user_on_one_machine_is_not_limited(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    app = app_for(monkeypatch, redis_url, MILLSTREAM_AUTH_MODE="local")

    assert statuses(app, "alice", 20) == [200] * 20


_LIMIT = 6


@pytest.fixture
def limited_api(shared_backends: Backends, redis_url: str) -> Iterator[Service]:
    settings = {
        "MILLSTREAM_AUTH_MODE": "proxy",
        "MILLSTREAM_PROXY_NETWORKS": "127.0.0.0/8",
        "MILLSTREAM_REQUESTS_PER_MINUTE": str(_LIMIT),
        "REDIS_URL": redis_url,
    }
    service = start_api({**shared_backends.settings(), **settings})
    yield service
    service.process.stop(30)


def test_a_message_on_a_socket_is_a_request_and_one_too_many_is_refused_by_an_error(
    limited_api: Service,
) -> None:
    url = limited_api.url.replace("http", "ws") + "/v1/responses"
    # Nobody else's name: other tests leave unfinished answers, of which a user may have so many.
    user = {"X-Forwarded-User": "walter"}
    socket = websocket.create_connection(url, timeout=20, header=user)
    messages = [
        {"type": "response.create", "input": "What is a log?", "stream_id": "a"},
        {"type": "no such type"},
        *({"type": "response.create", "input": " ", "stream_id": "b"} for _ in range(_LIMIT)),
    ]

    # The handshake is a request, too.
    told: list[dict[str, object]] = []
    for message in messages:
        socket.send(json.dumps(message))
        told.append(next_event(socket))
        if told[-1]["type"] == "response.created":
            assert next_event(socket)["type"] == "response.queued"

    statuses = [event.get("status", 200) for event in told]
    assert statuses == [200] + [400] * (_LIMIT - 2) + [429] * 3
    refused = told[-1]
    assert (refused["type"], refused["stream_id"]) == ("error", "b")
    assert isinstance(refused["error"], dict)
    assert refused["error"]["code"] == "rate_limited"
    assert refused["error"]["type"] == "rate_limit_error"
    assert isinstance(refused["headers"], dict)
    assert 1 <= int(refused["headers"]["Retry-After"]) <= 60
    # It is one count for both ways, and the socket is open.
    models = f"{limited_api.url}/v1/models"
    assert httpx.get(models, headers=user, timeout=30).status_code == httpx.codes.TOO_MANY_REQUESTS
    assert httpx.get(models, headers={"X-Forwarded-User": "bob"}, timeout=30).is_success
    socket.ping()
    socket.close()
