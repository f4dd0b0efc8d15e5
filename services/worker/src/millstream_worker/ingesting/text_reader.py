"""Reads plain text: paragraphs between blank lines, and headings that are underlined."""

import re
from collections.abc import Iterator
from typing import Final

from millstream_worker.ingesting.blocks import Block, DocumentText, Heading, first_heading

_BLANK: Final = re.compile(r"\n[ \t\r\f\v]*\n")
_UNDERLINE: Final = re.compile(r"(={3,}|-{3,}|~{3,})\s*")
_LAID_OUT: Final = re.compile(r"^(?: {4}|\t)|\S {3,}\S|\t", re.MULTILINE)
# A line of a table of contents: "Attempts ........ 12"
_LEADERS: Final = re.compile(r"(?:\.{4,}|(?: \.){4,})\s*[\divxlc]+\s*$", re.IGNORECASE)


def read_text(content: str) -> DocumentText:
    """Return the text of a plain text document."""
    parts = tuple(part for paragraph in _BLANK.split(content) for part in _parts(paragraph))
    return DocumentText(first_heading(parts), parts)


def _parts(paragraph: str) -> Iterator[Heading | Block]:
    lines = [line.rstrip() for line in paragraph.split("\n") if line.strip()]
    if len(lines) >= 2 and _UNDERLINE.fullmatch(lines[1].strip()):
        yield Heading(1 if lines[1].strip().startswith("=") else 2, " ".join(lines[0].split()))
        lines = lines[2:]
    if lines:
        yield _block(lines)


def _block(lines: list[str]) -> Block:
    text = "\n".join(lines)
    entries = [line for line in lines if _LEADERS.search(line)]
    return Block(
        text if _LAID_OUT.search(text) else "\n".join(line.strip() for line in lines),
        "lines" if _LAID_OUT.search(text) else "prose",
        links=len(entries),
        link_characters=sum(map(len, entries)),
    )
