"""A response takes the place of the last one of its conversation, or nothing changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from millstream_contract.errors import NotFound, NotInConversation, NotTheLast
from millstream_contract.identifiers import new_id
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Feedback, OutputMessage, OutputText


def ask(
    ledger: Ledger,
    question: str,
    conversation: str | None = None,
    *,
    replaces: str | None = None,
    key: str | None = None,
    owner: str = "ann",
) -> ResponseRow:
    new = NewResponse(
        owner,
        question,
        "m",
        conversation_id=conversation,
        replaces=replaces,
        idempotency_key=key,
    )
    return ledger.responses.accept(new).row


def answer(ledger: Ledger, row: ResponseRow, text: str) -> None:
    assert ledger.responses.claim(row.id, 1)
    part = OutputText(text=text)
    message = OutputMessage(id=new_id("msg"), status="completed", content=(part,))
    whole = row.as_object((message,))
    done = whole.model_copy(update={"status": "completed", "completed_at": 1.0})
    assert ledger.responses.finish(done, 1, b"")


def end(ledger: Ledger, row: ResponseRow) -> None:
    stopped = row.as_object().model_copy(update={"status": "cancelled", "completed_at": 1.0})
    assert ledger.responses.finish(stopped, 1, b"")


def said(ledger: Ledger, conversation: str) -> list[str]:
    items = ledger.items.of_conversation(conversation, "ann")
    return [item.body["content"][0]["text"] for item in items]


@pytest.fixture
def conversation(ledger: Ledger) -> str:
    return ledger.conversations.create("ann", "", {}).id


def test_a_replaced_response_is_kept_but_is_no_part_of_its_conversation(
    ledger: Ledger, conversation: str
) -> None:
    first = ask(ledger, "One?", conversation)
    answer(ledger, first, "First.")

    edited = ask(ledger, "Uno?", replaces=first.id)
    answer(ledger, edited, "Primo.")
    after = ask(ledger, "Two?", conversation)

    assert said(ledger, conversation) == ["Uno?", "Primo.", "Two?"]
    history = ledger.contexts.of(after, 9)
    assert [item.response_id for item in history] == [edited.id, edited.id]
    assert (edited.conversation_id, edited.replaces) == (conversation, first.id)
    assert ledger.responses.get(first.id).superseded_by == edited.id
    listed = ledger.conversations.newest("ann", after=None, limit=1)[0]
    assert listed.last_response_id == after.id


def test_a_replaced_response_that_runs_is_to_stop_and_a_finished_one_is_left(
    ledger: Ledger, conversation: str
) -> None:
    first = ask(ledger, "One?", conversation)
    ledger.responses.claim(first.id, 1)
    second = ask(ledger, "One?", replaces=first.id)
    told_to_stop = ledger.responses.get(first.id).cancel_requested_at is not None
    end(ledger, first)
    answer(ledger, second, "First.")
    ask(ledger, "One?", replaces=second.id)

    assert told_to_stop
    assert ledger.responses.get(second.id).cancel_requested_at is None


def test_a_title_that_was_taken_from_a_question_is_edited_with_it(
    ledger: Ledger, conversation: str
) -> None:
    first = ask(ledger, " One? ", conversation)
    edited = ask(ledger, "Uno?", replaces=first.id)
    assert ledger.conversations.get(conversation, "ann").title == "Uno?"

    ledger.conversations.update(conversation, "ann", title="Numbers", metadata=None)
    ask(ledger, "Eins?", replaces=edited.id)

    assert ledger.conversations.get(conversation, "ann").title == "Numbers"


def test_only_the_last_response_is_replaced(ledger: Ledger, conversation: str) -> None:
    first = ask(ledger, "One?", conversation)
    ask(ledger, "Two?", conversation)

    with pytest.raises(NotTheLast):
        ask(ledger, "Uno?", replaces=first.id)

    assert said(ledger, conversation) == ["One?", "Two?"]
    assert ledger.responses.get(first.id).superseded_by is None


def test_a_response_is_replaced_within_its_own_conversation_and_by_its_owner(
    ledger: Ledger, conversation: str
) -> None:
    other = ledger.conversations.create("ann", "", {}).id
    here, alone = ask(ledger, "One?", conversation), ask(ledger, "Alone?")

    with pytest.raises(NotInConversation):
        ask(ledger, "Uno?", other, replaces=here.id)
    with pytest.raises(NotInConversation):
        ask(ledger, "Uno?", replaces=alone.id)
    with pytest.raises(NotFound):
        ask(ledger, "Uno?", replaces=here.id, owner="bob")


def test_of_many_that_replace_one_response_at_once_one_does(
    ledger: Ledger, conversation: str
) -> None:
    first = ask(ledger, "One?", conversation)

    def try_to(number: int) -> bool:
        try:
            ask(ledger, f"{number}?", replaces=first.id)
        except NotTheLast:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(try_to, range(8)))

    assert done.count(True) == 1
    assert len(said(ledger, conversation)) == 1


def test_a_repeated_replacement_is_the_same_response(ledger: Ledger, conversation: str) -> None:
    first = ask(ledger, "One?", conversation)
    once = ask(ledger, "Uno?", replaces=first.id, key="k")

    again = ask(ledger, "Uno?", replaces=first.id, key="k")

    assert again.id == once.id


def test_an_answer_stands_before_a_question_that_was_asked_meanwhile(
    ledger: Ledger, conversation: str
) -> None:
    first, second = ask(ledger, "One?", conversation), ask(ledger, "Two?", conversation)
    answer(ledger, first, "First.")
    answer(ledger, second, "Second.")

    assert said(ledger, conversation) == ["One?", "First.", "Two?", "Second."]
    history = ledger.contexts.of(second, 9)
    assert [item.body["content"][0]["text"] for item in history] == ["One?", "First."]


def test_feedback_is_one_opinion_that_can_change_and_be_taken_back(
    ledger: Ledger, conversation: str
) -> None:
    row = ask(ledger, "One?", conversation)
    answer(ledger, row, "First.")

    ledger.feedback.give(row.id, "ann", "up", None)
    ledger.feedback.give(row.id, "ann", "down", "Wrong.")

    opinion = Feedback(rating="down", comment="Wrong.")
    assert ledger.feedback.of(row.id) == opinion
    question, reply = ledger.items.of_conversation(conversation, "ann")
    assert (question.feedback, reply.feedback) == (None, opinion)
    with pytest.raises(NotFound):
        ledger.feedback.give(row.id, "bob", "up", None)
    ledger.feedback.withdraw(row.id, "ann")
    assert ledger.feedback.of(row.id) is None
