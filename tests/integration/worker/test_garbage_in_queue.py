"""A worker process whose queue in Redis holds what is no queue, and no messages of jobs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from millstream_contract.identifiers import new_id
from millstream_contract.jobs import ANSWER_QUEUE
from tests.harness.deadlines import eventually
from tests.harness.postgres import PostgresServer
from tests.harness.processes import ServerProcess
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer
from tests.integration.worker.desk import Desk, staffed_desk

_LATER = datetime(2100, 1, 1, tzinfo=UTC)
_BINDINGS = f"_kombu.binding.{ANSWER_QUEUE}"
_SECRET = "the text of somebody's document"


@pytest.fixture(scope="module")
def valkey_of_its_own() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="module")
def world(
    postgres: PostgresServer,
    migrated_template: str,
    valkey_of_its_own: ValkeyServer,
    scripted_model: ScriptedModel,
) -> Iterator[tuple[Desk, ServerProcess]]:
    """A desk before one worker process that must live through this whole module."""
    settings = {"MILLSTREAM_ANSWERS_CONCURRENCY": "2"}
    redis_url = valkey_of_its_own.url()
    with postgres.temporary_database(migrated_template) as database_url:
        backends = Backends(database_url, redis_url, scripted_model, settings)
        with staffed_desk(backends) as staffed:
            yield staffed


@pytest.fixture
def desk(world: tuple[Desk, ServerProcess]) -> Iterator[Desk]:
    """The desk; at the end of each test the same worker still answers."""
    desk, worker = world
    yield desk
    worker.assert_running()
    script = Script(tokens=3)
    assert desk.finished(desk.ask(f"What is a log? {script.directive()}")).text == script.text
    assert not any("Unrecoverable" in line or _SECRET in line for line in worker.lines)


@pytest.fixture
def worker(world: tuple[Desk, ServerProcess]) -> ServerProcess:
    return world[1]


GARBAGE = [
    _SECRET.encode(),
    b"",
    b"\xff\xfe\x00",
    b"[" * 60_000,
    b"x" * 5_000_000,
    b"{}",
    b"[]",
    b"null",
    json.dumps({"body": _SECRET, "headers": [], "properties": {}}).encode(),
    json.dumps({"__type__": "unknown", "__value__": _SECRET}).encode(),
]


def lines_with(worker: ServerProcess, words: str, since: int) -> list[str]:
    return [line for line in worker.lines[since:] if words in line]


def test_what_is_no_job_is_dropped_with_a_line_that_does_not_tell_what_it_says(
    desk: Desk, worker: ServerProcess
) -> None:
    before = len(worker.lines)

    desk.redis.lpush(ANSWER_QUEUE, *GARBAGE)

    def all_told() -> bool:
        return len(lines_with(worker, "is no job and is dropped", before)) == len(GARBAGE)

    eventually("a line about each", all_told)


def test_jobs_of_another_kind_are_dropped_too(desk: Desk, worker: ServerProcess) -> None:
    before = len(worker.lines)

    desk.queue.send_task("millstream.unknown", [_SECRET], queue=ANSWER_QUEUE)
    desk.queue.send_task("millstream.answer", ["too", "many", _SECRET], queue=ANSWER_QUEUE)
    desk.queue.send_task("millstream.answer", [new_id("resp"), 1], eta=_LATER, queue=ANSWER_QUEUE)

    eventually("lines", lambda: len(lines_with(worker, "is no job and is dropped", before)) == 3)


@pytest.mark.parametrize(
    "key", [ANSWER_QUEUE, ANSWER_QUEUE + "\x06\x163", "unacked", "unacked_index"]
)
def test_a_foreign_value_under_a_key_of_the_queue_is_deleted_and_told(
    desk: Desk, worker: ServerProcess, key: str
) -> None:
    before = len(worker.lines)
    script = Script(tokens=3)

    desk.redis.set(key, "foreign")
    # Nobody sends it: a reaper finds it in the ledger.
    told = desk.finished(desk.accept(f"What is a log? {script.directive()}").id)

    assert told.text == script.text
    eventually("a line", lambda: bool(lines_with(worker, "in Redis is a string", before)))


def test_a_foreign_value_under_the_key_of_the_bindings_is_nobodys_concern(desk: Desk) -> None:
    desk.redis.delete(_BINDINGS)
    desk.redis.set(_BINDINGS, "foreign")
    script = Script(tokens=3)

    told = desk.finished(desk.accept(f"What is a log? {script.directive()}").id)

    assert told.text == script.text
    desk.redis.delete(_BINDINGS)


def test_answers_under_way_outlive_spoilt_notes_and_leave_their_places_free(desk: Desk) -> None:
    scripts = [Script(tokens=20, gate=(f"spoilt-{number}", 10)) for number in range(2)]
    ids = [desk.ask(f"What is a log? {script.directive()}") for script in scripts]
    for script in scripts:
        desk.model.wait(script.id, "held")

    desk.redis.set("unacked", "foreign")
    desk.redis.set("unacked_index", "foreign")
    for number in range(2):
        desk.model.open_gate(f"spoilt-{number}")

    assert [desk.finished(one).text for one in ids] == [script.text for script in scripts]


def test_notes_of_messages_that_are_none_are_dropped(desk: Desk, worker: ServerProcess) -> None:
    before = len(worker.lines)
    notes = [b"\xff", b"{}", b"[]", b"[1, 2, 3]", b"[" * 60_000, b'["x", [], {}]', b"7"]
    for number, note in enumerate(notes):
        desk.redis.hset("unacked", f"tag-{number}", note)
        desk.redis.zadd("unacked_index", {f"tag-{number}": 1})
    desk.redis.zadd("unacked_index", {b"\xff": 2})

    # Whoever connects looks for what to give back.
    for client in desk.redis.client_list():
        if client["cmd"] == "brpop":
            desk.redis.client_kill(client["addr"])

    eventually("all notes to be gone", lambda: desk.redis.zcard("unacked_index") == 0)
    told = "a note of an unacknowledged message is none"
    eventually("lines about notes", lambda: lines_with(worker, told, before))
