"""A line that is full: who was let in is answered, and all others are told when to come back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from redis import Redis

from bench.scripted_model.script import Script
from millstream_contract.keys import SERVICE_TIME_KEY
from tests.harness.api_client import ApiClient, ApiError
from tests.harness.deadlines import eventually
from tests.harness.services import Service, start_api
from tests.harness.stack import Stack

_STREAMS = 200
_PLACES = 20
_SLOTS = 12
_ANSWER_SECONDS = 24


@pytest.fixture
def narrow_api(stack: Stack) -> Iterator[Service]:
    """An API that lets only a few wait, before the workers of the shared stack."""
    limits = {"MILLSTREAM_MAX_QUEUED": str(_PLACES)}
    service = start_api({**stack.backends.settings(), **limits})
    yield service
    service.process.stop(30)


def accepted_in(stack: Stack) -> int:
    with psycopg.connect(stack.backends.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM responses").fetchone()
    assert row is not None
    return int(row[0])


def test_of_200_streams_at_once_the_accepted_ones_are_whole_and_the_others_get_429(
    stack: Stack, narrow_api: Service
) -> None:
    # Nobody is done before all have come: the line is full, and stays so.
    scripts = [Script(seed=seed, gate=("full line", 1)) for seed in range(_STREAMS)]
    before = accepted_in(stack)
    # Earlier tests may have left another mean; none is added to it before the gate opens.
    with Redis.from_url(stack.backends.redis_url) as redis:
        redis.set(SERVICE_TIME_KEY, _ANSWER_SECONDS * 1000)
    come: list[None] = []

    def watch(script: Script) -> str | ApiError:
        with ApiClient(narrow_api.url) as client:
            try:
                with client.stream(f"Log? {script.directive()}") as stream:
                    come.append(None)
                    return stream.to_end().text
            except ApiError as refused:
                come.append(None)
                return refused

    with ThreadPoolExecutor(_STREAMS) as threads:
        watching = [threads.submit(watch, script) for script in scripts]
        try:
            eventually("all to be let in or refused", lambda: len(come) == _STREAMS, 60)
        finally:
            stack.model.open_gate("full line")
        seen = [one.result() for one in watching]

    texts = [(text, script.text) for text, script in zip(seen, scripts, strict=True)]
    answered = [(text, wanted) for text, wanted in texts if isinstance(text, str)]
    refused = [error for error in seen if isinstance(error, ApiError)]
    assert _PLACES <= len(answered) < _STREAMS
    assert all(text == wanted for text, wanted in answered)
    assert {(error.status, error.error["code"]) for error in refused} == {(429, "queue_full")}
    # One place too few: until the next of its slots is free (of one, if no worker says how many).
    least = _ANSWER_SECONDS / _SLOTS
    assert all(least <= int(error.headers["Retry-After"]) <= _ANSWER_SECONDS for error in refused)
    # What was refused left nothing behind.
    assert accepted_in(stack) - before == len(answered)
