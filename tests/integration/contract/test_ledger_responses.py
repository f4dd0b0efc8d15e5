"""Responses in the ledger: accepted once, claimed once, finished once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from millstream_contract.errors import KeyReused, NotFound
from millstream_contract.identifiers import is_id, new_id
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import (
    FileSearchCall,
    IncompleteDetails,
    OutputMessage,
    OutputText,
    Passage,
    ResponseError,
    ResponseObject,
    Timings,
    Usage,
)

QUESTION = NewResponse(owner="ann", question="How long does a log live?", model="m")
PASSAGE = Passage(number=1, document_id="doc_1", title="T", place="P", text="An hour.", score=0.9)
AWKWARD = "line\nline\r\n \u2028 \x85 [DONE] data: x \N{GRINNING FACE} \ufffd"


def accept(ledger: Ledger, new: NewResponse = QUESTION) -> ResponseRow:
    accepted = ledger.responses.accept(new)
    assert accepted.is_new
    return accepted.row


def final(row: ResponseRow, attempt: int = 1, **changes: Any) -> ResponseObject:
    message = OutputMessage(
        id=new_id("msg"), status="completed", content=(OutputText(text=AWKWARD),)
    )
    search = FileSearchCall(id=new_id("fs"), status="completed", queries=("log life",))
    whole = row.as_object((search, message))
    details = whole.millstream.model_copy(
        update={"attempt": attempt, "grounded": True, "timings": Timings(total_ms=12.5)}
    )
    update = {"status": "completed", "completed_at": 1_800_000_000.25, "millstream": details}
    return whole.model_copy(update={**update, **changes})


def test_an_accepted_question_is_stored_whole(ledger: Ledger) -> None:
    new = NewResponse(
        owner="ann",
        question=AWKWARD,
        model="m",
        background=True,
        instructions="Be brief.",
        max_output_tokens=50,
        temperature=0.25,
        metadata={"k": "v"},
    )

    row = accept(ledger, new)

    assert is_id(row.id, "resp")
    assert (row.status, row.attempt) == ("queued", 0)
    stored = ledger.responses.get(row.id, "ann")
    assert stored == row
    assert (stored.question, stored.instructions) == (AWKWARD, "Be brief.")
    assert (stored.background, stored.max_output_tokens) == (True, 50)
    assert (stored.temperature, stored.metadata) == (0.25, {"k": "v"})
    assert ledger.responses.output(row.id) == ()
    assert ledger.viewing.logs([row.id])[row.id] is None


def test_the_same_key_and_request_give_the_same_response(ledger: Ledger) -> None:
    new = replace(QUESTION, idempotency_key="k", metadata={"a": "1", "b": "2"})
    first = accept(ledger, new)

    again = ledger.responses.accept(replace(new, metadata={"b": "2", "a": "1"}))

    assert (again.row.id, again.is_new) == (first.id, False)


def test_twenty_requests_with_one_key_at_once_are_one_response(ledger: Ledger) -> None:
    conversation = ledger.conversations.create("ann", "", {})
    new = replace(QUESTION, idempotency_key="k", conversation_id=conversation.id)

    with ThreadPoolExecutor(20) as threads:
        accepted = list(threads.map(ledger.responses.accept, [new] * 20))

    assert len({one.row.id for one in accepted}) == 1
    assert [one.is_new for one in accepted].count(True) == 1
    assert len(ledger.items.of_conversation(conversation.id, "ann")) == 1


def test_twenty_requests_with_one_key_and_no_conversation_are_one_response(ledger: Ledger) -> None:
    with ThreadPoolExecutor(20) as threads:
        new = replace(QUESTION, idempotency_key="k")
        accepted = list(threads.map(ledger.responses.accept, [new] * 20))

    assert len({one.row.id for one in accepted}) == 1
    assert [one.is_new for one in accepted].count(True) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"question": "Another?"},
        {"model": "n"},
        {"background": True},
        {"instructions": "i"},
        {"max_output_tokens": 5},
        {"temperature": 1.0},
        {"metadata": {"k": "v"}},
        {"previous_response_id": "resp_1"},
    ],
)
def test_a_key_that_comes_with_another_request_is_refused(
    ledger: Ledger, change: dict[str, Any]
) -> None:
    new = replace(QUESTION, idempotency_key="k")
    accept(ledger, new)

    with pytest.raises(KeyReused):
        ledger.responses.accept(replace(new, **change))


def test_two_owners_may_use_the_same_key(ledger: Ledger) -> None:
    new = replace(QUESTION, idempotency_key="k")

    assert accept(ledger, new).id != accept(ledger, replace(new, owner="bob")).id


def test_without_a_key_every_request_is_a_response(ledger: Ledger) -> None:
    assert accept(ledger).id != accept(ledger).id


def test_nothing_is_stored_for_a_conversation_of_somebody_else(ledger: Ledger) -> None:
    conversation = ledger.conversations.create("bob", "", {})

    with pytest.raises(NotFound):
        ledger.responses.accept(replace(QUESTION, conversation_id=conversation.id))

    assert ledger.responses.unfinished() == []
    assert ledger.conversations.get(conversation.id, "bob").title == ""


def test_nobody_sees_or_stops_the_response_of_another(ledger: Ledger) -> None:
    row = accept(ledger)

    with pytest.raises(NotFound):
        ledger.responses.get(row.id, "bob")
    with pytest.raises(NotFound):
        ledger.responses.request_cancel(row.id, "bob")
    assert ledger.responses.get(row.id).cancel_requested_at is None


def test_an_attempt_is_claimed_by_one_of_many(ledger: Ledger) -> None:
    row = accept(ledger)

    with ThreadPoolExecutor(10) as threads:
        claims = list(threads.map(lambda _: ledger.responses.claim(row.id, 1), range(10)))

    (claimed,) = [claim for claim in claims if claim]
    assert (claimed.status, claimed.attempt) == ("in_progress", 1)
    assert claimed.started_at is not None


def test_attempts_are_claimed_one_after_the_other(ledger: Ledger) -> None:
    row = accept(ledger)

    assert ledger.responses.claim(row.id, 2) is None
    first = ledger.responses.claim(row.id, 1)
    second = ledger.responses.claim(row.id, 2)

    assert ledger.responses.claim(row.id, 1) is None
    assert first is not None
    assert second is not None
    assert first.started_at == second.started_at
    assert ledger.responses.claim("resp_unknown", 1) is None


def test_an_attempt_that_was_handed_over_is_no_try_and_one_that_was_overtaken_is(
    ledger: Ledger,
) -> None:
    row = ledger.responses.accept(QUESTION).row
    ledger.responses.claim(row.id, 1)

    assert ledger.responses.hand_over(row.id, 1, wait_seconds=5)
    second = ledger.responses.claim(row.id, 2)
    third = ledger.responses.claim(row.id, 3)
    assert not ledger.responses.hand_over(row.id, 2, wait_seconds=5)

    assert second is not None
    assert third is not None
    assert (second.attempt, second.tries) == (2, 1)
    assert (third.attempt, third.tries) == (3, 2)
    assert ledger.responses.get(row.id).tries == 2


def test_passages_are_kept_for_a_later_attempt_and_never_by_an_overtaken_one(
    ledger: Ledger,
) -> None:
    row = accept(ledger)
    ledger.responses.claim(row.id, 1)
    assert ledger.responses.keep_passages(row.id, 1, [PASSAGE], grounded=True)

    later = ledger.responses.claim(row.id, 2)

    assert later is not None
    assert (later.passages, later.grounded) == ((PASSAGE,), True)
    assert not ledger.responses.keep_passages(row.id, 1, [], grounded=False)
    assert ledger.responses.get(row.id).passages == (PASSAGE,)


def test_a_finished_response_is_stored_whole_with_its_stream(ledger: Ledger) -> None:
    row = accept(ledger)
    ledger.responses.claim(row.id, 1)
    usage = Usage(input_tokens=3, output_tokens=4, total_tokens=7)
    whole = final(row, usage=usage)

    assert ledger.responses.finish(whole, 1, AWKWARD.encode())

    stored = ledger.responses.get(row.id, "ann")
    assert stored.as_object(ledger.responses.output(row.id)) == whole
    assert ledger.viewing.logs([row.id])[row.id] == AWKWARD.encode()
    assert ledger.responses.unfinished() == []


@pytest.mark.parametrize(
    "end",
    [
        {"status": "failed", "error": ResponseError(code="server_error", message="It broke.")},
        {
            "status": "incomplete",
            "incomplete_details": IncompleteDetails(reason="max_output_tokens"),
        },
        {"status": "cancelled", "output": ()},
    ],
    ids=lambda end: end["status"],
)
def test_every_way_to_end_is_stored_as_it_was(ledger: Ledger, end: dict[str, Any]) -> None:
    row = accept(ledger)
    ledger.responses.claim(row.id, 1)
    whole = final(row, **end)

    assert ledger.responses.finish(whole, 1, b"")

    assert ledger.responses.get(row.id).as_object(ledger.responses.output(row.id)) == whole


def test_only_the_attempt_that_holds_a_response_finishes_it_and_only_once(ledger: Ledger) -> None:
    row = accept(ledger)
    ledger.responses.claim(row.id, 1)
    ledger.responses.claim(row.id, 2)

    assert not ledger.responses.finish(final(row, 1), 1, b"old")
    assert ledger.responses.finish(final(row, 2), 2, b"new")
    assert not ledger.responses.finish(final(row, 2, status="failed"), 2, b"again")

    assert ledger.responses.get(row.id).status == "completed"
    assert ledger.viewing.logs([row.id])[row.id] == b"new"
    assert len(ledger.responses.output(row.id)) == 2
    assert ledger.responses.claim(row.id, 3) is None
    assert not ledger.responses.keep_passages(row.id, 2, [], grounded=False)


def test_a_wish_to_stop_is_kept_once_and_changes_nothing_that_is_final(ledger: Ledger) -> None:
    row = accept(ledger)
    ledger.responses.claim(row.id, 1)

    first = ledger.responses.request_cancel(row.id, "ann")
    again = ledger.responses.request_cancel(row.id, "ann")
    ledger.responses.finish(final(row, status="cancelled"), 1, b"")
    after = ledger.responses.request_cancel(row.id, "ann")

    assert first.cancel_requested_at is not None
    assert first.cancel_requested_at == again.cancel_requested_at == after.cancel_requested_at
    assert (first.status, after.status) == ("in_progress", "cancelled")


def test_what_is_final_is_not_marked_by_a_late_wish_to_stop(ledger: Ledger) -> None:
    row = accept(ledger)
    ledger.responses.claim(row.id, 1)
    ledger.responses.finish(final(row), 1, b"")

    assert ledger.responses.request_cancel(row.id, "ann").cancel_requested_at is None


def test_what_has_not_ended_is_listed_with_its_attempt_the_oldest_first(ledger: Ledger) -> None:
    rows = [accept(ledger) for _ in range(4)]
    ledger.responses.claim(rows[1].id, 1)
    ledger.responses.claim(rows[2].id, 1)
    ledger.responses.finish(final(rows[2]), 1, b"")

    unfinished = ledger.responses.unfinished()

    assert unfinished == [(rows[0].id, 0), (rows[1].id, 1), (rows[3].id, 0)]
    assert ledger.responses.unfinished(1) == [(rows[0].id, 0)]
