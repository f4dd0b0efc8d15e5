"""Cuts a passage of documentation into sentences that can stand alone."""

import re

_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[^\n]*$", re.MULTILINE | re.DOTALL)
_BLOCK_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d+[.)])\s)")
_LIST_MARK = re.compile(r"^(?:[-*+•]|\d+[.)])\s+")
_NOT_PROSE = re.compile(r"^(?:#{1,6}\s|\||[=\-~^`*_]{3,}|<!--|\.\. )")
_END = re.compile(r"(?<=[.!?])[\"')\]`*]*\s+(?=[\"'(\[`*]*[^\W_a-z])")
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|no|fig)|\b[A-Z])\.$", re.I)
_FEWEST_WORDS = 3


def split_sentences(text: str) -> list[str]:
    """The sentences of a text in order, whitespace made single.

    Headings, tables, rules and fenced code are left out: quoted alone they say nothing.
    """
    prose = _FENCE.sub("\n\n", text)
    blocks = (block.strip() for block in _BLOCK_BREAK.split(prose))
    return [
        sentence
        for block in blocks
        if block and not _NOT_PROSE.match(block)
        for sentence in _split_block(_LIST_MARK.sub("", block))
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
