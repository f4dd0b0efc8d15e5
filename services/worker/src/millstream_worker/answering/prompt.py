"""The prompt: instructions, a little of the conversation, then passages and question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from millstream_contract.ledger.rows import Item
from millstream_contract.objects import Passage
from millstream_worker.answering.words import INSTRUCTIONS

# Marks of an earlier answer point at passages that this prompt does not have.
_OLD_MARK: Final = re.compile(r"\s?\[\d+(?:\s*,\s*\d+)*\]")


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the model."""

    role: Literal["system", "user", "assistant"]
    content: str


def prompt(
    question: str,
    passages: Sequence[Passage],
    history: Sequence[Message],
    instructions: str | None,
) -> list[Message]:
    """Return the messages that ask the model; what never changes comes first."""
    system = f"{INSTRUCTIONS}\n\n{instructions}" if instructions else INSTRUCTIONS
    return [
        Message("system", system),
        *history,
        Message("user", f"Passages:\n\n{listed(passages)}\n\nQuestion: {question}"),
    ]


def listed(passages: Sequence[Passage]) -> str:
    """Return the passages as the model reads them, each under its number."""
    return "\n\n".join(
        f"[{passage.number}] {passage.title}\n{passage.text}" for passage in passages
    )


def earlier_messages(items: Sequence[Item], max_characters: int) -> list[Message]:
    """Return what was said before, oldest first; too much of it is left out from the old end.

    It begins with a question: some models refuse a conversation that an answer opens.
    """
    kept: list[Message] = []
    room = max_characters
    for item in reversed(items):
        message = _message(item.body)
        room -= len(message.content)
        if room < 0:
            break
        if message.content:
            kept.append(message)
    while kept and kept[-1].role != "user":
        kept.pop()
    return kept[::-1]


def last_question(history: Sequence[Message]) -> str | None:
    """Return the latest question of the history."""
    return next((m.content for m in reversed(history) if m.role == "user"), None)


def _message(body: dict[str, Any]) -> Message:
    text = "".join(part.get("text", "") for part in body.get("content", ()))
    if body.get("role") == "assistant":
        return Message("assistant", _OLD_MARK.sub("", text))
    return Message("user", text)
