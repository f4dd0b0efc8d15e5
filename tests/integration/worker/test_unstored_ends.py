"""Ends that were told and not stored, or cannot be stored: an answer has one all the same."""

from datetime import UTC, datetime

from bench.scripted_model.script import Script
from millstream_contract.events import Event
from millstream_contract.frames import encode_frame
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Passage, Timings
from millstream_worker.answering.recorder import Ending, Recorder
from tests.integration.worker.desk import Desk, Told
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
