"""Cuts a passage of documentation into sentences that can stand alone."""

import re

_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[^\n]*$", re.MULTILINE | re.DOTALL)
_BLOCK_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d+[.)])\s)")
_LIST_MARK = re.compile(r"^(?:[-*+•]|\d+[.)])\s+")
_NOT_PROSE = re.compile(r"^(?:#{1,6}\s|\||[=\-~^`*_]{3,}|<!--|\.\. )")
_END = re.compile(r"(?<=[.!?])[\"')\]`*]*\s+(?=[\"'(\[`*]*[^\W_a-z])")
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|no|fig)|\b[A-Z])\.$", re.I)
_LEANS_ON_THE_LAST = re.compile(
    r"(?:it|its|this|that|these|those|they|their|such|instead|otherwise|then|therefore|so|but)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
_MOST_WORDS_JOINED = 60


def split_sentences(text: str) -> list[str]:
    """The sentences of a text in order, whitespace made single.

    One that begins with "It", "This" or the like stays joined to the sentence it speaks of.
    Headings, tables, rules and fenced code are left out: quoted alone they say nothing.
    """
    prose = _FENCE.sub("\n\n", text)
    blocks = (block.strip() for block in _BLOCK_BREAK.split(prose))
    return [
        sentence
        for block in blocks
        if block and not _NOT_PROSE.match(block)
        for sentence in _join_leaning(_split_block(_LIST_MARK.sub("", block)))
        if len(sentence.split()) >= _FEWEST_WORDS
    ]


def _split_block(block: str) -> list[str]:
    flat = " ".join(block.split())
    sentences: list[str] = []
    start = 0
    for end in _END.finditer(flat):
        candidate = flat[start : end.end()].strip()
        if not _ABBREVIATED.search(candidate):
            sentences.append(candidate)
            start = end.end()
    return [*sentences, rest] if (rest := flat[start:].strip()) else sentences


def _join_leaning(sentences: list[str]) -> list[str]:
    joined: list[str] = []
    for sentence in sentences:
        together = f"{joined[-1]} {sentence}" if joined else ""
        leans = bool(joined) and _LEANS_ON_THE_LAST.match(sentence) is not None
        if leans and len(together.split()) <= _MOST_WORDS_JOINED:
            joined[-1] = together
        else:
            joined.append(sentence)
    return joined
