"""Redis answers, and refuses: a failover, a full memory, a failing disk, a script without end."""

import uuid
from collections.abc import Iterator

import httpx
import psutil
import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually
from tests.harness.postgres import PostgresServer
from tests.harness.processes import ServerProcess
from tests.harness.refusals import (
    ENDLESS_SCRIPT,
    FAILED_SNAPSHOT,
    READ_ONLY,
    REFUSALS,
    Refusal,
)
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer

_POOLS_MAY_GROW = 3
"""Connections more than before, as in the chaos runs; each failed try had left two behind."""


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """A Valkey of this file's own; whoever brings it to refuse has it serve again."""
    with ValkeyServer(appendonly=True) as server:
        yield server


@pytest.fixture(scope="module")
def on_its_own(
    postgres: PostgresServer,
    corpus_template: str,
    server: ValkeyServer,
    scripted_model: ScriptedModel,
) -> Iterator[Stack]:
    """One API and one worker over that Valkey."""
    with (
        postgres.temporary_database(corpus_template) as database_url,
        running_stack(Backends(database_url, server.url(), scripted_model)) as stack,
    ):
        yield stack


def _asked(script: Script) -> str:
    return f"What is a log? {script.directive()}"


def _readiness(url: str) -> tuple[int, str]:
    """Give the status of a process's /readyz, and what it says of Redis."""
    answer = httpx.get(f"{url}/readyz", timeout=30, trust_env=False)
    return answer.status_code, answer.json()["checks"]["redis"]


def _is_ready(stack: Stack) -> bool:
    urls = [stack.api_url, *stack.worker_urls]
    return [_readiness(url) for url in urls] == [(200, "ok")] * len(urls)


def _text(stored: dict[str, object]) -> object:
    return stored["output"][-1]["content"][0]["text"]  # type: ignore[index]


def test_a_redis_that_takes_no_writes_for_a_while_ends_no_worker(
    on_its_own: Stack, server: ValkeyServer
) -> None:
    worker = on_its_own.workers[0]
    with on_its_own.client() as client:
        with READ_ONLY.on(server):
            worker.wait_for_line("Connection to broker lost")

        assert client.ask("What is a log?")["status"] == "completed"
        worker.assert_running()


@pytest.mark.parametrize("refusal", [READ_ONLY, FAILED_SNAPSHOT, ENDLESS_SCRIPT], ids=str)
def test_a_worker_leaves_no_connections_behind_while_redis_refuses(
    on_its_own: Stack, server: ValkeyServer, refusal: Refusal
) -> None:
    worker = on_its_own.workers[0]
    eventually("all to be ready", lambda: _is_ready(on_its_own), 30)
    before, told = _connections(worker, server), _failures(worker)
    with refusal.on(server):
        eventually("some tries to connect", lambda: _failures(worker) >= told + 4, 30)
    eventually("all to be ready again", lambda: _is_ready(on_its_own), 30)

    assert _connections(worker, server) <= before + _POOLS_MAY_GROW


def _connections(worker: ServerProcess, server: ValkeyServer) -> int:
    found = psutil.Process(worker.pid).net_connections("tcp")
    return sum(bool(one.raddr) and one.raddr.port == server.port for one in found)


def _failures(worker: ServerProcess) -> int:
    told = ("Connection to broker lost", "Cannot connect to")
    return sum(any(words in line for words in told) for line in worker.lines)


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_what_is_asked_and_what_is_answered_waits_for_a_redis_that_refuses(
    on_its_own: Stack, server: ValkeyServer, refusal: Refusal
) -> None:
    stack, gate = on_its_own, uuid.uuid4().hex
    running, asked_meanwhile = Script(tokens=60, seed=21, gate=(gate, 30)), Script(tokens=20)
    eventually("all to be ready", lambda: _is_ready(stack), 30)
    with stack.client() as client, client.stream(_asked(running)) as stream:
        stack.model.wait(running.id, "held")
        stream.until_text(1)

        with refusal.on(server):
            readiness = [_readiness(url) for url in (stack.api_url, *stack.worker_urls)]
            later = client.start(_asked(asked_meanwhile))
            stack.model.open_gate(gate)
            stack.model.wait(running.id, "ended")
            assert stack.model.streams(asked_meanwhile.id) == []

        seen = stream.to_end()
        stored = client.retrieve(seen.response_id)
        with client.follow(later["id"]) as other:
            assert other.to_end().text == asked_meanwhile.text

    assert readiness == [(503, "away")] * 2
    assert later["status"] == "queued"
    assert seen.text == running.text == _text(stored)
    assert (stored["status"], stored["millstream"]["attempt"]) == ("completed", 1)
    assert len(stack.model.streams(running.id)) == 1
    assert len(stack.model.streams(asked_meanwhile.id)) == 1
    eventually("all to be ready again", lambda: _is_ready(stack), 30)
    stack.workers[0].assert_running()


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_a_stop_reaches_the_model_while_redis_refuses(
    on_its_own: Stack, server: ValkeyServer, refusal: Refusal
) -> None:
    stack, gate = on_its_own, uuid.uuid4().hex
    script = Script(tokens=60, seed=22, gate=(gate, 30))
    eventually("all to be ready", lambda: _is_ready(stack), 30)
    with stack.client() as client, client.stream(_asked(script)) as stream:
        stack.model.wait(script.id, "held")
        stream.until_text(1)

        with refusal.on(server):
            client.cancel(stream.transcript.response_id)
            stack.model.wait(script.id, "client_closed")

        seen = stream.to_end()
        stored = client.retrieve(seen.response_id)

    assert stored["status"] == "cancelled"
    assert script.text.startswith(seen.text)
    assert seen.text == _text(stored) != ""
