"""Reads the numbered passages and the question back out of a prompt.

The format is the one that Millstream's worker sends in its last user message:

    Passages:

    [1] <title>
    <text>

    Question: <question>
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from millstream_models.payloads import Message

_HEAD = re.compile(r"(?:\A|\n\n)\[(\d+)\] ?([^\n]*)(?:\n|\Z)")
_QUESTION = re.compile(r"(?:\A|\n)Question:[ \t]*")


@dataclass(frozen=True)
class Passage:
    """One numbered passage; the number is its source mark."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """A question and the passages to answer it from (none, if the prompt had none)."""

    question: str
    passages: tuple[Passage, ...]


def read_prompt(messages: Sequence[Message]) -> Prompt:
    """The prompt in the last user message; a message of another form is all question."""
    content = next((m.content for m in reversed(messages) if m.role == "user"), "")
    content = content.replace("\r\n", "\n").strip()
    questions = list(_QUESTION.finditer(content))
    if not questions:
        return Prompt(question=content, passages=())
    last = questions[-1]  # a passage may hold a line "Question:", the real one comes last
    passages = content[: last.start()].removeprefix("Passages:").strip()
    return Prompt(question=content[last.end() :].strip(), passages=_read_passages(passages))


def _read_passages(text: str) -> tuple[Passage, ...]:
    heads: list[re.Match[str]] = []
    for head in _HEAD.finditer(text):
        # Numbers rise: a reference list inside a passage that starts again at [1] is text.
        if not heads or int(head[1]) > int(heads[-1][1]):
            heads.append(head)
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return tuple(
        Passage(int(head[1]), head[2].strip(), text[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    )
