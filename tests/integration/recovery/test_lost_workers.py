"""A worker dies, freezes or leaves in mid-answer: another goes on, and a viewer sees one answer."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from redis import Redis

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer

_CONTINUES = {"MILLSTREAM_CONTINUE_ANSWERS": "true"}
_STARTS_OVER = {"MILLSTREAM_CONTINUE_ANSWERS": "false"}


@pytest.fixture(params=[_CONTINUES, _STARTS_OVER], ids=["continues", "starts over"])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(request.param)


@pytest.fixture
def pair(backends: Backends, settings: dict[str, str]) -> Iterator[Stack]:
    """Two workers: one to lose, one to go on.

    Both are there before anything is asked: the start of the second, seconds of computing, would
    hold up the heartbeat of the first, and no test could tell whose the second attempt is.
    """
    with running_stack(_with(backends, settings), workers=2) as stack:
        yield stack


@pytest.fixture
def alone(backends: Backends, settings: dict[str, str]) -> Iterator[Stack]:
    """One worker, for who loses none."""
    with running_stack(_with(backends, settings)) as stack:
        yield stack


@pytest.fixture
def gate() -> str:
    """A gate in the model's answer that nobody has opened yet."""
    return uuid.uuid4().hex


def _with(backends: Backends, settings: dict[str, str]) -> Backends:
    return Backends(backends.database_url, backends.redis_url, backends.model, settings)


def _asked(script: Script) -> str:
    return f"What is a log? {script.directive()}"


def _passages_are_kept(stack: Stack, response_id: str) -> bool:
    with psycopg.connect(stack.backends.database_url) as connection:
        row = connection.execute(
            "SELECT passages IS NOT NULL FROM responses WHERE id = %s", [response_id]
        ).fetchone()
    return row == (True,)


def test_a_killed_workers_answer_goes_on_with_another(
    pair: Stack, settings: dict[str, str], gate: str
) -> None:
    script = Script(tokens=60, seed=1, gate=(gate, 30))
    with pair.client() as client, client.stream(_asked(script)) as stream:
        pair.model.wait(script.id, "held")
        stream.until_text(1)
        response_id = stream.transcript.response_id
        # They are stored beside the answer; who does not know them starts over.
        eventually("the passages to be kept", lambda: _passages_are_kept(pair, response_id))
        pair.holder(response_id).kill()
        pair.model.wait(script.id, "started", count=2)
        pair.model.open_gate(gate)
        seen = stream.to_end()
        stored = client.retrieve(seen.response_id)

    assert seen.text == script.text == stored["output"][-1]["content"][0]["text"]
    assert stored["millstream"]["attempt"] == 2
    resets = seen.types.count("millstream.attempt.reset")
    assert resets == (0 if settings == _CONTINUES else 1)


def test_a_frozen_worker_that_wakes_up_writes_nothing_more(pair: Stack, gate: str) -> None:
    script = Script(tokens=60, seed=2, gate=(gate, 30))
    with pair.client() as client, client.stream(_asked(script)) as stream:
        pair.model.wait(script.id, "held")
        stream.until_text(1)
        frozen = pair.holder(stream.transcript.response_id)
        frozen.pause()
        pair.model.wait(script.id, "started", count=2)
        pair.model.open_gate(gate)
        seen = stream.to_end()
        before = client.retrieve(seen.response_id)

        frozen.resume()
        calls = pair.model.wait(script.id, "ended", count=2)

        with client.follow(seen.response_id) as again:
            assert again.to_end().text == seen.text == script.text
        assert client.retrieve(seen.response_id) == before
    assert len(calls) == 2


def test_redis_loses_everything_and_the_worker_dies_and_a_viewer_still_ends_with_the_answer(
    pair: Stack, gate: str
) -> None:
    script = Script(tokens=60, seed=3, gate=(gate, 30))
    with pair.client() as client, client.stream(_asked(script)) as stream:
        pair.model.wait(script.id, "held")
        stream.until_text(1)
        pair.holder(stream.transcript.response_id).kill()
        with Redis.from_url(pair.backends.redis_url) as redis:
            redis.flushdb()
        pair.model.wait(script.id, "started", count=2)
        pair.model.open_gate(gate)
        seen = stream.to_end()

        assert seen.text == script.text
        with client.follow(seen.response_id) as again:
            assert again.to_end().text == script.text


def test_a_worker_that_is_told_to_leave_hands_its_answer_over_at_once(
    backends: Backends, gate: str
) -> None:
    settings = {**_CONTINUES, "MILLSTREAM_SHUTDOWN_GRACE_SECONDS": "0.2"}
    script = Script(tokens=60, seed=4, gate=(gate, 30))
    with (
        running_stack(_with(backends, settings), workers=2) as stack,
        stack.client() as client,
        client.stream(_asked(script)) as stream,
    ):
        stack.model.wait(script.id, "held")
        stream.until_text(1)
        stack.holder(stream.transcript.response_id).stop(30)
        stack.model.wait(script.id, "started", count=2)
        stack.model.open_gate(gate)
        seen = stream.to_end()

    assert seen.text == script.text


def test_attempts_are_bounded_and_what_was_said_is_kept(backends: Backends, gate: str) -> None:
    settings = {**_CONTINUES, "MILLSTREAM_MAX_ATTEMPTS": "1"}
    script = Script(tokens=60, seed=5, gate=(gate, 30))
    with (
        running_stack(_with(backends, settings), workers=2) as stack,
        stack.client() as client,
        client.stream(_asked(script)) as stream,
    ):
        stack.model.wait(script.id, "held")
        stream.until_text(1)
        stack.holder(stream.transcript.response_id).kill()
        seen = stream.to_end()
        stored = client.retrieve(seen.response_id)

    assert stored["status"] == "failed"
    assert stored["error"]["code"] == "attempts_exhausted"
    assert seen.text != ""
    assert script.text.startswith(seen.text)
    assert stored["output"][-1]["content"][0]["text"] == seen.text


@pytest.mark.parametrize("kind", ["cut", "no_finish", "garbage", "error_event"])
def test_a_model_that_breaks_off_is_asked_to_go_on(alone: Stack, kind: str) -> None:
    script = Script(tokens=40, seed=6, fault=Fault(kind, 20), fault_times=1)  # type: ignore[arg-type]
    with alone.client() as client, client.stream(_asked(script)) as stream:
        seen = stream.to_end()
        stored = client.retrieve(seen.response_id)

    assert stored["status"] == "completed"
    assert seen.text == script.text


def test_a_question_accepted_while_redis_is_away_is_answered_when_it_is_back(
    corpus_database_url: str, private_valkey: ValkeyServer, scripted_model: ScriptedModel
) -> None:
    backends = Backends(corpus_database_url, private_valkey.url(), scripted_model, _CONTINUES)
    script = Script(tokens=20, seed=7)
    with running_stack(backends) as stack, stack.client() as client:
        private_valkey.kill()
        accepted = client.start(_asked(script))
        assert accepted["status"] == "queued"

        private_valkey.restart(keep_data=False)

        with client.follow(accepted["id"]) as stream:
            assert stream.to_end().text == script.text


def test_nothing_is_left_on_the_board_when_all_is_done(alone: Stack) -> None:
    script = Script(tokens=10, seed=8)
    with alone.client() as client, client.stream(_asked(script)) as stream:
        stream.to_end()
    with Redis.from_url(alone.backends.redis_url) as redis:
        eventually(
            "an empty board",
            lambda: not redis.exists("millstream:{work}:leases", "millstream:{work}:queued"),
        )
        # A key that has ended since it was listed has none either, and another number.
        without_end = [key for key in redis.scan_iter("millstream:*") if redis.ttl(key) == -1]
    assert without_end == []
