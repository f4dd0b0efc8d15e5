"""The prompt is put together in one exact form, which model servers can cache."""

from typing import Any

from millstream_contract.ledger.rows import Item
from millstream_worker.answering.prompt import Message, earlier_messages, last_question, prompt
from millstream_worker.answering.words import INSTRUCTIONS
from tests.unit.worker.rows import passage


def item(role: str, text: str) -> Item:
    body: dict[str, Any] = {"type": "message", "role": role, "content": [{"text": text}]}
    return Item("msg", 1, "resp", body)


def test_a_prompt_is_instructions_then_passages_then_the_question() -> None:
    passages = [passage("One.", number=1, title="A"), passage("Two.", number=2, title="B")]

    system, user = prompt("Why?", passages, [], None)

    assert system == Message("system", INSTRUCTIONS)
    assert user == Message("user", "Passages:\n\n[1] A\nOne.\n\n[2] B\nTwo.\n\nQuestion: Why?")


def test_the_conversation_stands_between_and_what_never_changes_comes_first() -> None:
    history = [Message("user", "Hi?"), Message("assistant", "Yes.")]

    system, *middle, _ = prompt("Why?", [], history, "In French.")

    assert system.content == f"{INSTRUCTIONS}\n\nIn French."
    assert middle == history


def test_the_oldest_messages_are_left_out_first_and_a_question_opens() -> None:
    items = [item("user", "x" * 50), item("assistant", "old [1, 2]."), item("user", "new?")]

    assert earlier_messages(items, 20) == [Message("user", "new?")]
    assert [m.content for m in earlier_messages(items, 100)] == ["x" * 50, "old.", "new?"]
    assert earlier_messages(items, 0) == []
    assert last_question(earlier_messages(items, 100)) == "new?"
