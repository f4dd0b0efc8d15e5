"""What a question is understood in: its own conversation or chain, and nothing else."""

import pytest

from millstream_contract.errors import NotEnded, NotFound
from millstream_contract.identifiers import new_id
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewMessage, NewResponse, Role
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import OutputMessage, OutputText


def ask(
    ledger: Ledger,
    question: str,
    *before: tuple[Role, str],
    conversation: str | None = None,
    previous: str | None = None,
    owner: str = "ann",
) -> ResponseRow:
    messages = [NewMessage(role, (text,)) for role, text in (*before, ("user", question))]
    new = NewResponse(
        owner,
        question,
        "m",
        conversation_id=conversation,
        previous_response_id=previous,
        messages=tuple(messages),
    )
    return ledger.responses.accept(new).row


def answer(ledger: Ledger, row: ResponseRow, text: str) -> ResponseRow:
    ledger.responses.claim(row.id, 1)
    part = OutputText(text=text)
    message = OutputMessage(id=new_id("msg"), status="completed", content=(part,))
    whole = row.as_object((message,))
    done = whole.model_copy(update={"status": "completed", "completed_at": 1.0})
    assert ledger.responses.finish(done, 1, b"")
    return row


def context(ledger: Ledger, row: ResponseRow, messages: int = 20) -> list[str]:
    items = ledger.contexts.of(row, messages)
    return [item.body["content"][0]["text"] for item in items]


@pytest.fixture
def conversation(ledger: Ledger) -> str:
    return ledger.conversations.create("ann", "", {}).id


def test_a_question_by_itself_has_no_context(ledger: Ledger) -> None:
    answer(ledger, ask(ledger, "One?"), "First.")

    assert context(ledger, ask(ledger, "Two?")) == []


def test_what_it_was_asked_with_is_its_context(ledger: Ledger) -> None:
    row = ask(ledger, "Two?", ("system", "Brief."), ("user", "One?"), ("assistant", "First."))

    assert context(ledger, row) == ["Brief.", "One?", "First."]


def test_a_chain_of_responses_is_its_context_oldest_first(ledger: Ledger) -> None:
    first = answer(ledger, ask(ledger, "One?"), "First.")
    second = answer(ledger, ask(ledger, "Two?", previous=first.id), "Second.")
    other = answer(ledger, ask(ledger, "Deux?", previous=first.id), "Autre.")

    third = ask(ledger, "Three?", ("developer", "Brief."), previous=second.id)

    assert context(ledger, third) == ["One?", "First.", "Two?", "Second.", "Brief."]
    assert context(ledger, third, 2) == ["Two?", "Second.", "Brief."]
    assert context(ledger, other) == ["One?", "First."]


def test_a_chain_that_began_in_a_conversation_has_what_was_said_there_before(
    ledger: Ledger, conversation: str
) -> None:
    answer(ledger, ask(ledger, "One?", conversation=conversation), "First.")
    second = answer(ledger, ask(ledger, "Two?", conversation=conversation), "Second.")
    answer(ledger, ask(ledger, "Later?", conversation=conversation), "Later.")

    beside = ask(ledger, "Beside?", previous=second.id)

    assert context(ledger, beside) == ["One?", "First.", "Two?", "Second."]


def test_instructions_of_a_conversation_count_however_long_ago(
    ledger: Ledger, conversation: str
) -> None:
    ledger.items.add(conversation, "ann", [NewMessage("system", ("Brief.",))])
    for number in range(3):
        answer(ledger, ask(ledger, f"{number}?", conversation=conversation), f"{number}.")

    last = ask(ledger, "Now?", conversation=conversation)

    assert context(ledger, last, 2) == ["Brief.", "2?", "2."]
    assert context(ledger, last, 0) == ["Brief."]


def test_no_word_of_another_conversation_or_owner_is_in_it(
    ledger: Ledger, conversation: str
) -> None:
    elsewhere = ledger.conversations.create("ann", "", {}).id
    his = ledger.conversations.create("bob", "", {}).id
    answer(ledger, ask(ledger, "Elsewhere?", conversation=elsewhere), "Elsewhere.")
    answer(ledger, ask(ledger, "Alone?"), "Alone.")
    hers = answer(ledger, ask(ledger, "His?", conversation=his, owner="bob"), "His.")
    answer(ledger, ask(ledger, "Here?", conversation=conversation), "Here.")

    assert context(ledger, ask(ledger, "Now?", conversation=conversation)) == ["Here?", "Here."]
    with pytest.raises(NotFound):
        ask(ledger, "Whose?", previous=hers.id)


def test_what_is_still_being_answered_is_not_followed(ledger: Ledger) -> None:
    with pytest.raises(NotEnded):
        ask(ledger, "Two?", previous=ask(ledger, "One?").id)


def test_a_chain_with_a_deleted_link_ends_there(ledger: Ledger) -> None:
    first = answer(ledger, ask(ledger, "One?"), "First.")
    second = answer(ledger, ask(ledger, "Two?", previous=first.id), "Second.")
    third = ask(ledger, "Three?", previous=second.id)

    ledger.responses.delete(first.id, "ann")

    assert context(ledger, third) == ["Two?", "Second."]
