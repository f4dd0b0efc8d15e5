"""Workers that are told to leave, one after another: a long answer outlives any number of them."""

import base64
import json
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from millstream_contract.keys import LEASES_KEY, QUEUED_KEY
from tests.harness.proxy import TcpProxy
from tests.harness.services import start_worker
from tests.harness.stack import UNHURRIED, Backends, running_stack
from tests.integration.worker.desk import open_desk

_SETTINGS = {
    "MILLSTREAM_CONTINUE_ANSWERS": "true",
    "MILLSTREAM_SHUTDOWN_GRACE_SECONDS": "0.2",
    "MILLSTREAM_MAX_ATTEMPTS": "1",
}


@pytest.fixture
def patient(backends: Backends) -> Backends:
    """Backends of workers that leave at once, and may lose no attempt."""
    return Backends(backends.database_url, backends.redis_url, backends.model, _SETTINGS)


@pytest.fixture
def gate() -> str:
    """A gate in the model's answer that nobody has opened yet."""
    return uuid.uuid4().hex


@pytest.fixture
def script(gate: str) -> Script:
    """An answer that stays in its middle until the gate is opened."""
    return Script(tokens=60, seed=11, gate=(gate, 30))


def _asked(script: Script) -> str:
    return f"What is a log? {script.directive()}"


def test_more_hand_overs_than_attempts_still_end_with_the_whole_answer(
    patient: Backends, script: Script, gate: str
) -> None:
    none_is_lost = replace(patient, extra={**_SETTINGS, **UNHURRIED})
    with (
        running_stack(none_is_lost, workers=3) as stack,
        stack.client() as client,
        client.stream(_asked(script)) as stream,
    ):
        stream.until_text(1)
        response_id = stream.transcript.response_id
        for attempt in (1, 2):
            stack.model.wait(script.id, "started", count=attempt)
            stack.holder(response_id, attempt).stop(30)
        stack.model.wait(script.id, "started", count=3)
        stack.model.open_gate(gate)
        seen = stream.to_end()
        stored = client.retrieve(response_id)

    assert stored["status"] == "completed"
    assert stored["millstream"]["attempt"] == 3
    assert seen.text == script.text


def test_a_worker_that_dies_counts_also_behind_a_hand_over(
    patient: Backends, script: Script
) -> None:
    with (
        running_stack(patient, workers=3) as stack,
        stack.client() as client,
        client.stream(_asked(script)) as stream,
    ):
        stream.until_text(1)
        response_id = stream.transcript.response_id
        stack.holder(response_id, 1).stop(30)
        stack.model.wait(script.id, "started", count=2)
        stack.holder(response_id, 2).kill()
        seen = stream.to_end()
        stored = client.retrieve(response_id)

    assert stored["error"]["code"] == "attempts_exhausted"
    assert stored["output"][-1]["content"][0]["text"] == seen.text != ""


def test_a_hand_over_that_postgresql_does_not_hear_of_goes_ahead_and_counts(
    database_url: str, redis_url: str, scripted_model: ScriptedModel, script: Script, gate: str
) -> None:
    settings = {**_SETTINGS, **UNHURRIED, "MILLSTREAM_MAX_ATTEMPTS": "2"}
    address = urlsplit(database_url)
    with TcpProxy(address.port or 0) as network:
        through = address._replace(netloc=f"postgres@127.0.0.1:{network.port}").geturl()
        leaving = start_worker(Backends(through, redis_url, scripted_model, settings).settings())
        with open_desk(Backends(database_url, redis_url, scripted_model)) as desk:
            response_id = desk.ask(_asked(script))
            desk.model.wait(script.id, "held")
            network.cut()
            leaving.stop(30)
            # No reaper lives that could have sent it.
            (message,) = desk.redis.lrange("answers", 0, -1)
            assert response_id.encode() in base64.b64decode(json.loads(message)["body"])

            other = start_worker(
                Backends(database_url, redis_url, scripted_model, settings).settings()
            )
            desk.model.wait(script.id, "started", count=2)
            desk.model.open_gate(gate)
            told = desk.finished(response_id)
            other.stop(30)

    assert told.text == script.text
    assert (told.row.status, told.row.attempt, told.row.tries) == ("completed", 2, 2)


def test_what_is_handed_over_stays_in_line_until_another_worker_begins_it(
    database_url: str, redis_url: str, scripted_model: ScriptedModel, script: Script
) -> None:
    # Given a worker so far from Redis that its heart beats within each hand-over
    address = urlsplit(redis_url)
    with TcpProxy(address.port or 0, reply_seconds=0.3) as distance:
        far = address._replace(netloc=f"127.0.0.1:{distance.port}").geturl()
        leaving = start_worker(Backends(database_url, far, scripted_model, _SETTINGS).settings())
        with open_desk(Backends(database_url, redis_url, scripted_model)) as desk:
            response_id = desk.ask(_asked(script))
            desk.model.wait(script.id, "held")

            # When it leaves
            leaving.stop(30)

            # Then what it had is nobody's, and waits
            assert desk.redis.zrange(LEASES_KEY, 0, -1) == []
            assert desk.redis.zrange(QUEUED_KEY, 0, -1) == [response_id.encode()]
