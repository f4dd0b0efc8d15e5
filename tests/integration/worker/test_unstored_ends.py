"""Ends that were told and not stored, or cannot be stored: an answer has one all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from millstream_contract.events import Event
from millstream_contract.frames import encode_frame
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Passage, Timings
from millstream_worker.answering.recorder import Ending, Recorder
from tests.harness.postgres import PostgresServer
from tests.harness.processes import ServerProcess
from tests.harness.services import migrate, start_worker
from tests.harness.stack import Backends
from tests.integration.worker.desk import Desk, Told, open_desk
from tests.integration.worker.test_answering import asked
from tests.integration.worker.test_garbage import claimed

FOUND = [
    Passage(number=1, document_id="doc_1", title="Token log", place="", text="A stream.", score=0.9)
]


def tell(desk: Desk, row: ResponseRow, events: list[Event]) -> None:
    """Write events behind the opening of a response, as its first attempt."""
    first = desk.log.take_over(row.id, 1).count
    frames = [encode_frame(event, number) for number, event in enumerate(events, first)]
    desk.log.append(row.id, 1, frames)


def ended(recorder: Recorder, ending: Ending) -> list[Event]:
    """End an answer; give what is told of that before its final event."""
    return recorder.end(ending, usage=None, timings=Timings(), at=datetime.now(UTC))[0]


def items_done(told: Told) -> list[str]:
    """Which items were ended since what was said was last taken back."""
    done: list[str] = []
    for event in told.events:
        if event["type"] == "millstream.attempt.reset":
            done = []
        elif event["type"] == "response.output_item.done":
            done.append(event["item"]["id"])
    return done


def test_an_answer_without_a_word_that_was_told_whole_is_not_made_again(desk: Desk) -> None:
    # Given an attempt that told all of an answer that has no word, and died
    script = Script(tokens=5)
    row = desk.row(claimed(desk, asked(script), attempts=1))
    recorder = Recorder(row)
    events: list[Event] = [*recorder.begin(), *recorder.search_begun()]
    events += recorder.search_done([row.question], FOUND)
    tell(desk, row, events + ended(recorder, Ending("completed")))
    desk.ledger.responses.keep_passages(row.id, 1, FOUND, grounded=True)

    # When the next attempt finds it
    desk.send(row.id, attempt=2)
    told = desk.finished(row.id)

    # Then it only ends it
    assert (told.final["status"], told.text) == ("completed", "")
    assert desk.model.streams(script.id) == []
    assert len(items_done(told)) == 2


def test_a_search_that_was_told_as_failed_is_taken_back_and_told_anew(desk: Desk) -> None:
    # Given an attempt whose search failed, and that died before the failure was stored
    script = Script(tokens=5)
    row = desk.row(claimed(desk, asked(script), attempts=1))
    recorder = Recorder(row)
    events: list[Event] = [*recorder.begin(), *recorder.search_begun()]
    tell(desk, row, events + ended(recorder, Ending("failed")))

    # When the next attempt can search
    desk.send(row.id, attempt=2)
    told = desk.finished(row.id)

    # Then no item ends twice
    assert told.text == script.text
    assert len(items_done(told)) == len(set(items_done(told))) == 2


@contextmanager
def refused_output(desk: Desk, response_id: str) -> Iterator[None]:
    """Within the block, PostgreSQL takes everything but the output of this response."""
    with desk.ledger.pool.connection() as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON items FOR EACH ROW"
            f" WHEN (NEW.is_output AND NEW.response_id = '{response_id}')"
            " EXECUTE FUNCTION refuse()"
        )
        yield
        connection.execute("DROP FUNCTION refuse CASCADE")


def test_an_end_that_cannot_be_stored_is_a_failure_that_is_told_and_counted(
    desk: Desk, worker: ServerProcess
) -> None:
    script = Script(tokens=10, gate=("refused", 5))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    with refused_output(desk, response_id):
        desk.model.open_gate("refused")
        told = desk.finished(response_id)

    # What viewers keep is what is stored: nothing.
    assert told.row.error is not None
    assert (told.row.error.code, told.text) == ("server_error", "")
    worker.wait_for_line(rf"{response_id} attempt 1: failed \(server_error\)", 5)


@pytest.fixture
def impatient(
    private_postgres: PostgresServer, redis_url: str, scripted_model: ScriptedModel
) -> Iterator[tuple[Desk, ServerProcess]]:
    """A worker that soon gives up on a PostgreSQL that is away."""
    migrate(private_postgres.url())
    settings = {"MILLSTREAM_LEDGER_PATIENCE_SECONDS": "1", "MILLSTREAM_LEDGER_WAIT_SECONDS": "1"}
    backends = Backends(private_postgres.url(), redis_url, scripted_model, settings)
    with open_desk(backends) as desk:
        worker = start_worker(backends.settings())
        yield desk, worker
        worker.stop(30)


def test_an_answer_that_outlasts_the_patience_with_postgresql_is_stored_whole_by_the_next_attempt(
    impatient: tuple[Desk, ServerProcess], private_postgres: PostgresServer
) -> None:
    desk, worker = impatient
    script = Script(tokens=20, gate=("patience", 10))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    private_postgres.kill()
    desk.model.open_gate("patience")
    worker.wait_for_line(f"{response_id} attempt 1: the end .* stored", 30)
    private_postgres.restart()
    told = desk.finished(response_id, seconds=60)

    assert (told.final["status"], told.text) == ("completed", script.text)
    assert told.row.attempt > 1
    assert len(desk.model.streams(script.id)) == 1
