"""The prompt: instructions, a little of the conversation, then passages and question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from millstream_contract.ledger.rows import Item
from millstream_contract.objects import Passage
from millstream_worker.answering.sentences import cut_at_word
from millstream_worker.answering.words import INSTRUCTIONS

_INSTRUCTIONS_MAX_CHARACTERS: Final = 8000

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
    """Return the messages that ask the model; what never changes comes first.

    Instructions are one message at the beginning, as some models want it.
    """
    given = [instructions] if instructions else []
    given += [message.content for message in history if message.role == "system"]
    return [
        Message("system", "\n\n".join([INSTRUCTIONS, *given])),
        *spoken(history),
        Message("user", f"Passages:\n\n{listed(passages)}\n\nQuestion: {question}"),
    ]


def listed(passages: Sequence[Passage]) -> str:
    """Return the passages as the model reads them, each under its number."""
    return "\n\n".join(
        f"[{passage.number}] {passage.title}\n{passage.text}" for passage in passages
    )


def spoken(history: Sequence[Message]) -> list[Message]:
    """Return what was said, without instructions."""
    return [message for message in history if message.role != "system"]


def earlier_messages(items: Sequence[Item], max_characters: int) -> list[Message]:
    """Return the instructions that were given before, then what was said, oldest first.

    Too much is left out from the old end; but of the last question and its answer, without which
    one that follows them cannot be understood, only what is too long. What was said begins with a
    question: some models refuse a conversation that an answer opens.
    """
    messages = [_message(item.body) for item in items]
    instructions = [message for message in messages if message.role == "system"]
    said = _last_ones(_with_short_end(spoken(messages), max_characters), max_characters)
    while said and said[0].role != "user":
        said.pop(0)
    return [*_last_ones(instructions, _INSTRUCTIONS_MAX_CHARACTERS), *said]


def _with_short_end(messages: list[Message], max_characters: int) -> list[Message]:
    """Return the messages, those from the last question on cut to fit together."""
    asked = [at for at, message in enumerate(messages) if message.role == "user"]
    if not asked or sum(len(one.content) for one in messages[asked[-1] :]) <= max_characters:
        return messages
    question, *answers = messages[asked[-1] :]
    short = [_cut(question, max_characters // 2)]
    for left, answer in zip(range(len(answers), 0, -1), answers, strict=True):
        room = max_characters - sum(len(one.content) for one in short)
        short.append(_cut(answer, room // left))
    return [*messages[: asked[-1]], *short]


def _cut(message: Message, max_characters: int) -> Message:
    return Message(message.role, cut_at_word(message.content, max_characters))


def _last_ones(messages: Sequence[Message], max_characters: int) -> list[Message]:
    kept: list[Message] = []
    room = max_characters
    for message in reversed(messages):
        room -= len(message.content)
        if room < 0:
            break
        if message.content:
            kept.append(message)
    return kept[::-1]


def last_question(history: Sequence[Message]) -> str | None:
    """Return the latest question of the history."""
    return next((m.content for m in reversed(history) if m.role == "user"), None)


def _message(body: dict[str, Any]) -> Message:
    text = "".join(part.get("text", "") for part in body.get("content", ()))
    if body.get("role") == "assistant":
        return Message("assistant", _OLD_MARK.sub("", text))
    if body.get("role") in {"system", "developer"}:
        return Message("system", text)
    return Message("user", text)
