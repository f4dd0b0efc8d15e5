"""Cuts a document into passages: pure, and the same for the same text every time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from typing import Final

from millstream_worker.ingesting.blocks import Block, Heading
from millstream_worker.ingesting.cutting import cut_lines, cut_prose
from millstream_worker.ingesting.reading import read_document

MOST_CHARACTERS: Final = 1200
"""No passage is longer: some 300 tokens, of which an embeddings model reads all (512)."""

_AIM_CHARACTERS: Final = 1100
_OVERLAP_CHARACTERS: Final = 160
_HEADING_CHARACTERS: Final = 200

# A page or section that is made of links leads to text and is none: it would be found for every
# word that it lists.
_INDEX_PAGE: Final = (8, 0.6)
_INDEX_SECTION: Final = (5, 0.8)


@dataclass(frozen=True, slots=True)
class TextChunk:
    """A passage, and its place: the headings above it, joined by " > "; "" if there are none."""

    place: str
    content: str


@dataclass(slots=True)
class _Section:
    place: str
    blocks: list[Block] = field(default_factory=list)


def chunk_document(title: str, media_type: str, content: str) -> list[TextChunk]:
    """Cut a document into passages of up to MOST_CHARACTERS, in their order.

    A heading that only repeats the title is left out of the places. There are no passages when
    there is no text, or when the page is an index: mostly links. Raises ValueError for a media
    type that nobody reads.
    """
    sections = _sections(title, read_document(media_type, content).parts)
    if _is_index([block for section in sections for block in section.blocks], *_INDEX_PAGE):
        return []
    return [
        TextChunk(section.place, text)
        for section in sections
        if not _is_index(section.blocks, *_INDEX_SECTION)
        for text in _pack(section.blocks)
    ]


def text_to_embed(title: str, chunk: TextChunk) -> str:
    """Return what the vector of a passage is made of: a passage alone may not name its subject."""
    above = " > ".join(part for part in (title, chunk.place) if part)
    return f"{above}\n\n{chunk.content}"


def _sections(title: str, parts: Iterable[Heading | Block]) -> list[_Section]:
    sections = [_Section("")]
    above: list[Heading] = []
    for part in parts:
        if isinstance(part, Block):
            sections[-1].blocks.append(part)
        elif len(part.text) > _HEADING_CHARACTERS:
            sections[-1].blocks.append(Block(part.text))
        else:
            above = [*(heading for heading in above if heading.level < part.level), part]
            sections.append(_Section(_place(title, above)))
    return sections


def _place(title: str, above: Sequence[Heading]) -> str:
    texts = [heading.text for heading in above]
    if texts and texts[0].casefold() == title.casefold():
        texts = texts[1:]
    return " > ".join(texts)


def _is_index(blocks: Sequence[Block], fewest_links: int, share: float) -> bool:
    characters = sum(len(block.text) for block in blocks)
    linked = sum(block.link_characters for block in blocks)
    links = sum(block.links for block in blocks)
    return links >= fewest_links and linked >= share * characters


def _pack(blocks: Sequence[Block]) -> Iterator[str]:
    """Join blocks to passages of about equal length; what is too long alone is cut."""
    pieces = [piece for block in blocks for piece in _pieces(block)]
    total = sum(len(piece.text) for piece in pieces)
    if not pieces:
        return
    aim = total / ceil(total / _AIM_CHARACTERS)
    passage = pieces[0].text
    for before, piece in pairwise(pieces):
        longer = passage + _between(before, piece) + piece.text
        if len(passage) >= aim or len(longer) > MOST_CHARACTERS:
            yield passage
            passage = piece.text
        else:
            passage = longer
    yield passage


def _pieces(block: Block) -> list[Block]:
    if len(block.text) <= MOST_CHARACTERS:
        return [block]
    if block.kind == "lines":
        texts = cut_lines(block.text, MOST_CHARACTERS)
    else:
        texts = cut_prose(block.text, MOST_CHARACTERS, _OVERLAP_CHARACTERS)
    return [Block(text, block.kind) for text in texts]


def _between(before: Block, after: Block) -> str:
    return "\n" if before.kind == after.kind == "item" else "\n\n"
