"""The prompt is put together in one exact form, which model servers can cache."""

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is autovacuum?", "word " * 500),
        ("word " * 500, "Yes."),
        ("word " * 500, "word " * 500),
    ],
    ids=["a long answer", "a long question", "both"],
)
def test_of_the_last_exchange_something_always_stays(question: str, answer: str) -> None:
    # Given a long way before it, and more in it than there is room for
    items = [item("user", "old?"), item("user", question), item("assistant", answer)]

    said = earlier_messages(items, 200)

    # Then what was asked last is known, and how the answer began, within the room
    assert [message.role for message in said[-2:]] == ["user", "assistant"]
    for message, whole in zip(said[-2:], (question, answer), strict=True):
        assert whole.startswith(message.content.removesuffix("…"))
        assert len(message.content) >= min(len(whole), 90)
    assert sum(len(message.content) for message in said) <= 200


def test_an_exchange_that_fits_is_not_cut() -> None:
    items = [item("user", "Why?"), item("assistant", "x" * 196)]

    assert [m.content for m in earlier_messages(items, 200)] == ["Why?", "x" * 196]
