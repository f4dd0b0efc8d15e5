"""Cuts a text that is too long for one passage, where a reader would."""

import re
from collections.abc import Iterator
from typing import Final

# Behind the end of a sentence (and quotes that close with it), unless the next word goes on in
# lower case, as it does after "e.g."; some scripts leave no space there.
_SENTENCES: Final = re.compile(
    r"""(?<=[.!?…])["'”’»)\]]*\s+(?![a-zäöüß,;])|(?<=[。！？])"""  # noqa: RUF001
)
_LINES: Final = re.compile(r"\n")
_WORDS: Final = re.compile(r"\s+")


def cut_prose(text: str, limit: int, overlap: int) -> list[str]:
    """Cut at sentences into pieces of up to ``limit`` characters.

    A piece begins with the last sentence of the one before, if that has up to ``overlap``
    characters: it may be what the next sentence speaks of.
    """
    return list(_packed(_atoms(text, _SENTENCES, limit), limit, overlap))


def cut_lines(text: str, limit: int) -> list[str]:
    """Cut at line breaks into pieces of up to ``limit`` characters; indentation is kept."""
    return list(_packed(_atoms(text, _LINES, limit), limit, overlap=0))


def _packed(atoms: Iterator[str], limit: int, overlap: int) -> Iterator[str]:
    """Join as many atoms as fit; where two pieces meet, they share at most one."""
    piece = last = ""
    for atom in atoms:
        if piece and len((piece + atom).rstrip()) > limit:
            if piece.strip():
                yield _trimmed(piece)
            shared = last if len(last) <= overlap and last != piece else ""
            piece = shared if len((shared + atom).rstrip()) <= limit else ""
        piece += atom
        last = atom
    if piece.strip():
        yield _trimmed(piece)


def _atoms(text: str, border: re.Pattern[str], limit: int) -> Iterator[str]:
    """Yield the text in order, split behind each border, and further where a part is too long."""
    for part in _split_behind(text, border):
        if len(part.rstrip()) <= limit:
            yield part
            continue
        for word in _split_behind(part, _WORDS):
            yield from (word[at : at + limit] for at in range(0, len(word), limit))


def _split_behind(text: str, border: re.Pattern[str]) -> Iterator[str]:
    begin = 0
    for match in border.finditer(text):
        if match.end() > begin:
            yield text[begin : match.end()]
            begin = match.end()
    if begin < len(text):
        yield text[begin:]


def _trimmed(piece: str) -> str:
    # Indentation of a first line is kept: it means something in code.
    return piece.strip("\n").rstrip()
