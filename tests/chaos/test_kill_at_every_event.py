"""kill -9 of the worker at every event of an answer in turn: the viewer sees one whole stream."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest

from bench.scripted_model.script import Script
from tests.chaos.stage import Stage, WorkerSlot, open_stage
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually
from tests.harness.transcript import output_text

_TOKENS = ("One", " two", "\n", " three", " \N{GRINNING FACE}", " data: x", " four", ".")
_EVENTS_BEFORE_THE_TEXT = 10
_EVENTS = _EVENTS_BEFORE_THE_TEXT + len(_TOKENS) + 4
_AT_ONCE = 6
_SPARE_WORKERS = 3


@pytest.fixture
def stage_of_small_workers() -> Iterator[Stage]:
    """Workers that answer one question at a time, so that a kill hits one answer."""
    one_at_a_time = {"MILLSTREAM_ANSWERS_CONCURRENCY": "1"}
    with open_stage(_AT_ONCE + _SPARE_WORKERS, apis=1, extra=one_at_a_time) as stage:
        yield stage


@pytest.mark.timeout(400)
def test_a_worker_killed_at_any_event_costs_no_event(stage_of_small_workers: Stage) -> None:
    stage, relaunching = stage_of_small_workers, Lock()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        texts = list(pool.map(lambda at: _kill_at(stage, at, relaunching), range(_EVENTS)))

    assert texts == ["".join(_TOKENS)] * _EVENTS


def _kill_at(stage: Stage, event: int, relaunching: Lock) -> str:
    """Kill the worker when its answer's viewer has seen this event; give the text in the end."""
    script = Script(literal=_TOKENS, gate=(f"killed-at-{event}", _tokens_until(event)))
    with ApiClient(stage.apis[0].url) as client:
        with client.stream(f"Which script is played? {script.directive()}") as stream:
            stream.until(lambda one: one.number == event, f"event {event}")
            holder = eventually(
                "a worker to begin", lambda: _holder(stage, stream.transcript.response_id), 30
            )
            holder.running.kill()
            with relaunching:
                stage.launch_worker(holder)
            stage.model.open_gate(f"killed-at-{event}")
            seen = stream.to_end()
        stored = client.retrieve(seen.response_id)

    assert stored == seen.final
    assert output_text(stored) == seen.text
    assert [one.number for one in seen.events] == list(range(len(seen.events)))
    return seen.text


def _tokens_until(event: int) -> int:
    """Give after how many tokens the model waits, so that this event is the last that comes."""
    return min(max(0, event - _EVENTS_BEFORE_THE_TEXT + 1), len(_TOKENS))


def _holder(stage: Stage, response_id: str) -> WorkerSlot | None:
    begun = f"{response_id} attempt 1: begun"
    return next((slot for slot in stage.workers if begun in slot.running.printed), None)
