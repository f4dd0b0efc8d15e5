"""Workers that are told to leave, one after another: a long answer outlives any number of them."""

import uuid

import pytest

from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually
from tests.harness.processes import ServerProcess
from tests.harness.stack import Backends, Stack, running_stack

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


def _holder(stack: Stack, response_id: str, attempt: int) -> ServerProcess:
    """Wait for the worker that begins this attempt."""
    begun = f"{response_id} attempt {attempt}: begun"
    found: list[ServerProcess] = []

    def is_begun() -> bool:
        found[:] = [w for w in stack.workers if any(begun in line for line in w.lines)]
        return bool(found)

    eventually(begun, is_begun, 30)
    return found[0]


def test_more_hand_overs_than_attempts_still_end_with_the_whole_answer(
    patient: Backends, script: Script, gate: str
) -> None:
    with (
        running_stack(patient, workers=3) as stack,
        stack.client() as client,
        client.stream(_asked(script)) as stream,
    ):
        stream.until_text(1)
        response_id = stream.transcript.response_id
        for attempt in (1, 2):
            stack.model.wait(script.id, "started", count=attempt)
            _holder(stack, response_id, attempt).stop(30)
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
        _holder(stack, response_id, 1).stop(30)
        stack.model.wait(script.id, "started", count=2)
        _holder(stack, response_id, 2).kill()
        seen = stream.to_end()
        stored = client.retrieve(response_id)

    assert stored["error"]["code"] == "attempts_exhausted"
    assert stored["output"][-1]["content"][0]["text"] == seen.text != ""
