"""Admission: a line that is full refuses, and leaves nothing of what it refused."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from redis import Redis

from millstream_contract.keys import ADMISSIONS_KEY, TURNS_KEY
from millstream_contract.work_board import Capacity
from tests.harness.api_client import ApiClient, ApiError
from tests.harness.servers import Servers
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends

_PLACES = 5
_OPEN = 3


Lines = Callable[[], AbstractContextManager[Backends]]


@pytest.fixture(scope="module")
def lines(servers: Servers, migrated_template: str) -> Lines:
    """Makes lines on which nobody works."""
    return lambda: servers.backends(migrated_template)


@pytest.fixture(scope="module")
def own_backends(lines: Lines) -> Iterator[Backends]:
    """A line that these tests share."""
    with lines() as backends:
        yield backends


@pytest.fixture(scope="module")
def narrow_api(own_backends: Backends) -> Iterator[Service]:
    settings = {
        "MILLSTREAM_MAX_QUEUED": str(_PLACES),
        "MILLSTREAM_AUTH_MODE": "proxy",
        "MILLSTREAM_PROXY_NETWORKS": "127.0.0.0/8",
        "MILLSTREAM_MAX_OPEN_PER_USER": str(_OPEN),
    }
    service = start_api({**own_backends.settings(), **settings})
    yield service
    service.process.stop(30)


def ask(api: Service, user: str, key: str | None = None) -> httpx.Response:
    headers = {"X-Forwarded-User": user} | ({"Idempotency-Key": key} if key else {})
    body = {"input": "What is a log?", "background": True}
    with httpx.Client(base_url=api.url, timeout=30, trust_env=False) as http:
        return http.post("/v1/responses", json=body, headers=headers)


def cancel(api: Service, user: str, response_id: str) -> None:
    path, headers = f"/v1/responses/{response_id}/cancel", {"X-Forwarded-User": user}
    with httpx.Client(base_url=api.url, timeout=30, trust_env=False) as http:
        http.post(path, headers=headers).raise_for_status()


def test_users_and_the_line_have_their_limits_also_at_once(
    narrow_api: Service, own_backends: Backends
) -> None:
    # One user may have so many open, however many are asked at once.
    with ThreadPoolExecutor(12) as threads:
        of_alice = list(threads.map(lambda n: ask(narrow_api, "alice", f"k{n}"), range(12)))
    accepted = [answer for answer in of_alice if answer.is_success]
    refused = [answer for answer in of_alice if not answer.is_success]
    assert len(accepted) == _OPEN
    assert {answer.json()["error"]["code"] for answer in refused} <= {"too_many_open", "queue_full"}

    # The line has room for so many, whoever asks.
    with ThreadPoolExecutor(12) as threads:
        of_others = list(threads.map(lambda n: ask(narrow_api, f"user{n}"), range(12)))
    assert [answer.is_success for answer in of_others].count(True) == _PLACES - _OPEN
    full = next(answer for answer in of_others if not answer.is_success)
    assert full.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert full.json()["error"]["code"] == "queue_full"
    assert int(full.headers["Retry-After"]) >= 1

    # A repeat is no new question.
    first = accepted[0].json()["id"]
    key = next(f"k{n}" for n, answer in enumerate(of_alice) if answer is accepted[0])
    assert ask(narrow_api, "alice", key).json()["id"] == first

    # An end makes room.
    cancel(narrow_api, "alice", first)
    assert ask(narrow_api, "alice").is_success
    with Redis.from_url(own_backends.redis_url) as redis:
        assert redis.zcard(ADMISSIONS_KEY) == 0


def test_every_refusal_says_when_to_come_back(narrow_api: Service) -> None:
    answers = [ask(narrow_api, "alice") for _ in range(_OPEN + 1)]

    assert not answers[-1].is_success
    assert all("Retry-After" in answer.headers for answer in answers if not answer.is_success)


@pytest.fixture
def waiting_backends(lines: Lines) -> Iterator[Backends]:
    """A line of one test's own."""
    with lines() as backends:
        yield backends


@pytest.fixture
def local_api(waiting_backends: Backends) -> Iterator[Service]:
    """The API for one user, whose line has few places, and nobody works on it."""
    limits = {"MILLSTREAM_MAX_QUEUED": str(_PLACES), "MILLSTREAM_MAX_WAIT_SECONDS": "100"}
    service = start_api({**waiting_backends.settings(), **limits})
    yield service
    service.process.stop(30)


def follow_up(client: ApiClient, conversation: str) -> dict[str, Any] | ApiError:
    try:
        return client.start("And then?", conversation=conversation)
    except ApiError as refused:
        return refused


def test_questions_that_wait_for_their_turn_fill_the_line_also_at_once(
    local_api: Service, waiting_backends: Backends
) -> None:
    with ApiClient(local_api.url) as client:
        conversation = client.create_conversation()["id"]
        with ThreadPoolExecutor(12) as threads:
            answers = list(threads.map(lambda _: follow_up(client, conversation), range(12)))
        accepted = [answer for answer in answers if isinstance(answer, dict)]
        refused = [answer for answer in answers if isinstance(answer, ApiError)]

        # One is in line, and the others wait behind it.
        assert len(accepted) == _PLACES
        assert {(one.status, one.error["code"]) for one in refused} == {(429, "queue_full")}
        assert all(int(one.headers["Retry-After"]) >= 1 for one in refused)
        assert len(client.items(conversation, limit=100)["data"]) == _PLACES
        with Redis.from_url(waiting_backends.redis_url) as redis:
            assert (redis.hlen(TURNS_KEY), redis.zcard(ADMISSIONS_KEY)) == (_PLACES - 1, 0)

        # Nobody else gets in either, until one of them has ended.
        assert isinstance(follow_up(client, client.create_conversation()["id"]), ApiError)
        client.cancel(accepted[-1]["id"])
        assert isinstance(follow_up(client, conversation), dict)


def test_a_question_behind_more_turns_than_can_be_waited_for_is_refused(
    local_api: Service, waiting_backends: Backends
) -> None:
    with Redis.from_url(waiting_backends.redis_url) as redis:
        # Eight slots are free; but in a conversation each turn takes 60 s.
        Capacity(redis).announce("a", 8, 600)
        Capacity(redis).served(60)
    with ApiClient(local_api.url) as client:
        conversation = client.create_conversation()["id"]

        answers = [follow_up(client, conversation) for _ in range(4)]

        # Behind the one being made and another turn of 60 s; behind two it would be 120 s.
        assert [isinstance(answer, dict) for answer in answers] == [True, True, True, False]
        refused = answers[-1]
        assert isinstance(refused, ApiError)
        assert (refused.status, refused.error["code"]) == (429, "queue_full")
        assert int(refused.headers["Retry-After"]) == 60
        assert len(client.items(conversation)["data"]) == 3
        # In another conversation there is nothing to wait for.
        other = client.create_conversation()["id"]
        assert isinstance(follow_up(client, other), dict)
