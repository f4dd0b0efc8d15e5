"""Cutting a passage to its best sentences: a small model reads little, and slowly."""

import re
from collections.abc import Collection
from typing import Final

from millstream_worker.answering.content_words import stems

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")


def best_sentences(text: str, wanted: Collection[str], max_characters: int) -> str:
    """Return the sentences of ``text`` that hold most of the ``wanted`` stems, in their order.

    A text that fits is returned as it is; a single sentence that does not is cut at a word.
    """
    if len(text) <= max_characters:
        return text
    sentences = [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
    # sorted() is stable: of equals, the earlier sentence is taken.
    ranked = sorted(range(len(sentences)), key=lambda at: -_hits(sentences[at], wanted))
    chosen: list[int] = []
    room = max_characters
    for at in ranked:
        if len(sentences[at]) <= room:
            chosen.append(at)
            room -= len(sentences[at]) + 1
    if not chosen or _hits(sentences[ranked[0]], wanted) > _most_hits(sentences, chosen, wanted):
        return cut_at_word(sentences[ranked[0]] if ranked else text, max_characters)
    return " ".join(sentences[at] for at in sorted(chosen))


def _hits(sentence: str, wanted: Collection[str]) -> int:
    return len(stems(sentence).intersection(wanted))


def _most_hits(sentences: list[str], chosen: list[int], wanted: Collection[str]) -> int:
    return max(_hits(sentences[at], wanted) for at in chosen)


def cut_at_word(text: str, max_characters: int) -> str:
    """Return ``text``, cut behind a word and marked with an ellipsis if it is too long."""
    if len(text) <= max_characters:
        return text
    if max_characters < 1:
        return ""
    cut = text[: max_characters - 1]
    head, space, _ = cut.rpartition(" ")
    return f"{head if space else cut}…"
