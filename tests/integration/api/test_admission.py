"""Admission: a line that is full refuses, and leaves nothing of what it refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from redis import Redis

from millstream_contract.keys import ADMISSIONS_KEY
from tests.harness.postgres import PostgresServer
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer

_PLACES = 5
_OPEN = 3


@pytest.fixture(scope="module")
def own_backends(
    postgres: PostgresServer,
    migrated_template: str,
    valkey: ValkeyServer,
    shared_backends: Backends,
) -> Iterator[Backends]:
    """A line of its own: nobody works on it."""
    with (
        postgres.temporary_database(migrated_template) as database_url,
        valkey.temporary_database() as redis_url,
    ):
        yield Backends(database_url, redis_url, shared_backends.model)


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
    headers = {"X-Forwarded-User": user}
    httpx.post(f"{api.url}/v1/responses/{response_id}/cancel", headers=headers).raise_for_status()


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
