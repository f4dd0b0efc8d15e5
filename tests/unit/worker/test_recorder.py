"""What the recorder hands out is a whole and lawful stream, however the answer comes and ends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scripted_model.script import AWKWARD_TOKENS
from millstream_contract.events import Event, final_event
from millstream_contract.frames import Frame, decode_event, encode_frame
from millstream_contract.objects import ResponseError, ResponseObject, Timings
from millstream_worker.answering.recorder import Ending, Recorder
from millstream_worker.answering.said import said_in
from tests.unit.worker.rows import ACCEPTED, claimed_row, passage

ENDINGS = [
    Ending("completed"),
    Ending("cancelled"),
    Ending("incomplete", incomplete_reason="max_output_tokens"),
    Ending("failed", ResponseError(code="model_cut", message="cut")),
]
PASSAGES = [passage("one", number=1), passage("two", number=2)]


def record(
    pieces: list[str], ending: Ending, *, search: bool = True, attempt: int = 1
) -> tuple[list[dict[str, Any]], ResponseObject]:
    """Record an answer; return its events as a viewer reads them, and the final object."""
    recorder = Recorder(claimed_row(attempt=attempt))
    events: list[Event] = recorder.begin()
    if search:
        events += recorder.search_begun()
        events += recorder.search_done(["log"], PASSAGES)
    for piece in pieces:
        events += recorder.text(piece)
    rest, final = recorder.end(ending, usage=None, timings=Timings(), at=ACCEPTED)
    events += [*rest, final_event(final)]
    return [decode_event(encode_frame(event, n)) for n, event in enumerate(events)], final


def text_of(final: ResponseObject) -> str:
    return "".join(
        part.text for item in final.output if item.type == "message" for part in item.content
    )


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.status)
@pytest.mark.parametrize("pieces", [list(AWKWARD_TOKENS), ["w" * 20_000], ["a", "", "b"]])
def test_the_deltas_spell_the_stored_text(pieces: list[str], ending: Ending) -> None:
    events, final = record(pieces, ending)

    deltas = "".join(event.get("delta", "") for event in events)
    (done,) = [event["text"] for event in events if event["type"].endswith("output_text.done")]
    assert deltas == done == text_of(final) == "".join(pieces)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.status)
@pytest.mark.parametrize("pieces", [[], ["text [1]"]])
def test_every_item_that_is_added_is_done_and_in_the_output(
    pieces: list[str], ending: Ending
) -> None:
    events, final = record(pieces, ending)

    added = [e["item"]["id"] for e in events if e["type"].endswith("output_item.added")]
    done = [e["item"] for e in events if e["type"].endswith("output_item.done")]
    assert added == [item["id"] for item in done]
    assert done == [item.model_dump(mode="json") for item in final.output]
    assert [e["output_index"] for e in events if "item" in e] == [
        index for index in range(len(added)) for _ in range(2)
    ]
    assert final.status == ending.status


def test_a_search_that_is_cut_short_is_marked_so() -> None:
    recorder = Recorder(claimed_row())
    recorder.search_begun()

    _, final = recorder.end(ENDINGS[1], usage=None, timings=Timings(), at=ACCEPTED)

    (search,) = final.output
    assert search.status == "incomplete"


def test_an_answer_without_a_word_is_a_message_without_text() -> None:
    _, final = record([], Ending("completed"))

    assert [item.type for item in final.output] == ["file_search_call", "message"]
    assert text_of(final) == ""


def frames_of(events: list[Event]) -> list[Frame]:
    return [encode_frame(event, number) for number, event in enumerate(events)]


def begun_answer(*pieces: str) -> list[Event]:
    """What a first attempt tells until it dies."""
    recorder = Recorder(claimed_row())
    events: list[Event] = recorder.begin()
    events += recorder.search_begun()
    events += recorder.search_done(["log"], PASSAGES)
    for piece in pieces:
        events += recorder.text(piece)
    return events


@pytest.mark.parametrize("cut", range(5))
def test_an_answer_that_goes_on_behind_another_attempt_is_as_if_told_by_one(cut: int) -> None:
    pieces = ["a [", "1] b", "\n", "[2", "] c"]
    whole, told_whole = record(pieces, Ending("completed"))
    first = begun_answer(*pieces[:cut])
    later = Recorder(claimed_row(attempt=2))
    later.resume(said_in(frames_of(first)))

    events = first + later.search_begun() + later.search_done(["log"], PASSAGES)
    for piece in pieces[cut:]:
        events += later.text(piece)
    rest, final = later.end(Ending("completed"), usage=None, timings=Timings(), at=ACCEPTED)
    events += rest

    types = [decode_event(frame)["type"] for frame in frames_of(events)]
    assert types == [event["type"] for event in whole[:-1]]
    assert text_of(final) == text_of(told_whole)
    assert annotations(final) == annotations(told_whole)
    assert said_in(frames_of(events)).text == text_of(final)


def test_what_was_taken_back_is_not_in_the_answer() -> None:
    first = begun_answer("gone [1]")
    later = Recorder(claimed_row(attempt=2))
    later.resume(said_in(frames_of(first)))

    events = [*first, *later.retract("a test"), *later.begin(), *later.search_begun()]
    events += later.search_done(["log"], PASSAGES) + later.text("said")
    rest, final = later.end(Ending("completed"), usage=None, timings=Timings(), at=ACCEPTED)

    said = said_in(frames_of(events + rest))
    assert said.text == text_of(final) == "said"
    assert said.annotations == []
    assert said.message_done == final.output[-1]


def test_items_that_an_earlier_attempt_has_ended_stay_as_they_were_told() -> None:
    # Given an attempt that has told all of an answer, and died before its end was stored
    first = Recorder(claimed_row())
    told: list[Event] = [*first.begin(), *first.search_begun()]
    told += first.search_done(["log"], PASSAGES) + first.text("text [1]")
    told += first.end(Ending("completed"), usage=None, timings=Timings(), at=ACCEPTED)[0]

    # When the next one finds that the answer is to stop
    later = Recorder(claimed_row(attempt=2))
    later.resume(said_in(frames_of(told)))
    rest, final = later.end(Ending("cancelled"), usage=None, timings=Timings(), at=ACCEPTED)

    # Then nothing is told again, and what is stored is what was told
    events = map(decode_event, frames_of(told))
    done = [event["item"] for event in events if event["type"].endswith("output_item.done")]
    assert rest == []
    assert [item.model_dump(mode="json") for item in final.output] == done


def test_the_longest_mark_is_found_wherever_it_is_cut() -> None:
    mark = f"[{'  ,  '.join(['001', '002'] * 5)}]"
    _, whole = record([mark], Ending("completed"))
    assert len(annotations(whole)) == 2

    for place in range(1, len(mark)):
        _, cut = record([mark[:place], mark[place:]], Ending("completed"))
        assert annotations(cut) == annotations(whole)


@given(st.lists(st.sampled_from(["[1", "]", "[", "2]", "1", "x", "[1, 2]", "\U0001f600", ","])))
def test_citations_do_not_depend_on_how_the_text_is_cut(pieces: list[str]) -> None:
    _, cut = record(pieces, Ending("completed"))
    _, whole = record(["".join(pieces)], Ending("completed"))

    assert annotations(cut) == annotations(whole)
    for citation in annotations(cut):
        assert text_of(cut)[: citation["index"]].endswith("]")


def annotations(final: ResponseObject) -> list[dict[str, Any]]:
    return [
        citation.model_dump()
        for item in final.output
        if item.type == "message"
        for part in item.content
        for citation in part.annotations
    ]
