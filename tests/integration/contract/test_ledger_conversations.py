"""Conversations in the ledger: in order, by pages, and only for their owner."""

from dataclasses import replace

import pytest

from millstream_contract.errors import NotFound
from millstream_contract.identifiers import new_id
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import Conversation, ResponseRow
from millstream_contract.objects import FileSearchCall, OutputMessage, OutputText


@pytest.fixture
def conversation(ledger: Ledger) -> Conversation:
    return ledger.conversations.create("ann", "", {"k": "v"})


def ask(ledger: Ledger, conversation: Conversation, question: str) -> ResponseRow:
    new = NewResponse("ann", question, "m", conversation_id=conversation.id)
    return ledger.responses.accept(new).row


def answer(ledger: Ledger, row: ResponseRow, text: str) -> None:
    ledger.responses.claim(row.id, 1)
    output = (
        FileSearchCall(id=new_id("fs"), status="completed"),
        OutputMessage(id=new_id("msg"), status="completed", content=(OutputText(text=text),)),
    )
    whole = row.as_object(output).model_copy(update={"status": "completed", "completed_at": 1.0})
    assert ledger.responses.finish(whole, 1, b"")


def said(ledger: Ledger, conversation: Conversation) -> list[str]:
    items = ledger.items.of_conversation(conversation.id, "ann")
    return [
        item.body["content"][0]["text"] if item.body["type"] == "message" else item.body["type"]
        for item in items
    ]


def test_what_was_said_is_kept_in_order(ledger: Ledger, conversation: Conversation) -> None:
    answer(ledger, ask(ledger, conversation, "One?"), "First.")
    answer(ledger, ask(ledger, conversation, "Two?"), "Second.")

    assert said(ledger, conversation) == [
        "One?", "file_search_call", "First.", "Two?", "file_search_call", "Second.",
    ]  # fmt: skip


def test_items_are_paged_in_both_directions(ledger: Ledger, conversation: Conversation) -> None:
    for number in range(3):
        answer(ledger, ask(ledger, conversation, f"{number}?"), f"{number}.")
    every = ledger.items.of_conversation(conversation.id, "ann")

    for newest_first in (False, True):
        seen, after = [], None
        while page := ledger.items.of_conversation(
            conversation.id, "ann", after=after, limit=2, newest_first=newest_first
        ):
            assert len(page) <= 2
            seen += page
            after = page[-1].id
        assert seen == (every[::-1] if newest_first else every)


def test_a_page_behind_an_item_of_elsewhere_is_not_found(
    ledger: Ledger, conversation: Conversation
) -> None:
    other = ledger.conversations.create("ann", "", {})
    ask(ledger, other, "Elsewhere?")
    item = ledger.items.of_conversation(other.id, "ann")[0]

    for after in (item.id, "msg_unknown"):
        with pytest.raises(NotFound):
            ledger.items.of_conversation(conversation.id, "ann", after=after)


def test_conversations_are_paged_newest_first_with_their_last_response(ledger: Ledger) -> None:
    made = [ledger.conversations.create("ann", f"c{n}", {}) for n in range(5)]
    ask(ledger, made[3], "First?")
    last = ask(ledger, made[3], "Second?")
    ledger.conversations.create("bob", "his", {})

    seen: list[Conversation] = []
    after = None
    while page := ledger.conversations.newest("ann", after=after, limit=2):
        seen += page
        after = page[-1].id

    assert [one.title for one in seen] == ["c4", "c3", "c2", "c1", "c0"]
    assert (seen[1].last_response_id, seen[1].last_response_status) == (last.id, "queued")
    assert seen[0].last_response_id is None


def test_the_first_question_gives_a_conversation_its_title(
    ledger: Ledger, conversation: Conversation
) -> None:
    ask(ledger, conversation, "  How long?  ")
    ask(ledger, conversation, "And then?")

    assert ledger.conversations.get(conversation.id, "ann").title == "How long?"


def test_a_conversation_is_changed_in_what_is_given(
    ledger: Ledger, conversation: Conversation
) -> None:
    titled = ledger.conversations.update(conversation.id, "ann", title="T", metadata=None)
    marked = ledger.conversations.update(conversation.id, "ann", title=None, metadata={"x": "y"})

    assert (titled.title, titled.metadata) == ("T", {"k": "v"})
    assert (marked.title, marked.metadata) == ("T", {"x": "y"})


def test_a_deleted_conversation_takes_all_of_it_along(
    ledger: Ledger, conversation: Conversation
) -> None:
    row = ask(ledger, conversation, "Gone?")

    ledger.conversations.delete(conversation.id, "ann")

    with pytest.raises(NotFound):
        ledger.responses.get(row.id)
    assert ledger.responses.claim(row.id, 1) is None
    with pytest.raises(NotFound):
        ledger.conversations.delete(conversation.id, "ann")


def test_history_is_the_last_messages_before_a_response_oldest_first(
    ledger: Ledger, conversation: Conversation
) -> None:
    for number in range(3):
        answer(ledger, ask(ledger, conversation, f"{number}?"), f"{number}.")
    now = ask(ledger, conversation, "Now?")
    ask(ledger, conversation, "Later?")

    history = ledger.contexts.of(now, 3)

    assert [item.body["content"][0]["text"] for item in history] == ["1.", "2?", "2."]


def test_nobody_reads_changes_or_deletes_the_conversation_of_another(
    ledger: Ledger, conversation: Conversation
) -> None:
    calls = ledger.conversations
    for call in (
        lambda: calls.get(conversation.id, "bob"),
        lambda: ledger.items.of_conversation(conversation.id, "bob"),
        lambda: calls.update(conversation.id, "bob", title="his", metadata=None),
        lambda: calls.delete(conversation.id, "bob"),
        lambda: calls.newest("bob", after=conversation.id, limit=5),
        lambda: ledger.responses.accept(
            replace(NewResponse("bob", "Mine?", "m"), conversation_id=conversation.id)
        ),
    ):
        with pytest.raises(NotFound):
            call()

    assert ledger.conversations.get(conversation.id, "ann") == conversation
    assert ledger.conversations.newest("bob", after=None, limit=5) == []
