"""Reads HTML: its text in order, without navigation, scripts and other furniture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from bs4 import BeautifulSoup
from bs4.builder import ParserRejectedMarkup
from bs4.element import CData, NavigableString, PageElement, Tag

from millstream_worker.ingesting.blocks import (
    Block,
    DocumentText,
    Heading,
    Kind,
    first_heading,
)

_FURNITURE: Final = (
    "script style noscript template nav footer svg iframe object form button select title"
)
_CONTAINERS: Final = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset"
    " figcaption figure footer form header hgroup hr html legend li main menu nav ol p section"
    " summary table tbody td tfoot th thead tr ul"
)
_PASSED_OVER: Final = frozenset(_FURNITURE.split())
_BLOCKS: Final = frozenset(_CONTAINERS.split())
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS: Final = frozenset({"ul", "ol", "menu"})
_PERMALINKS: Final = frozenset({"", "#", "¶", "§", "\N{LINK SYMBOL}"})
_SPACE: Final = re.compile(r"\s+")


def read_html(content: str) -> DocumentText:
    """Return the text of an HTML page, of its ``<main>`` if it has one."""
    soup = parsed(content)
    root = soup.find("main") or soup.find(None, {"role": "main"}) or soup
    parts = tuple(_Walk(root).parts())
    title = one_line(soup.title.get_text()) if soup.title else ""
    return DocumentText(first_heading(parts) or title, parts)


def parsed(content: str) -> BeautifulSoup:
    """Return the elements of an HTML text, whatever it is."""
    try:
        return BeautifulSoup(content, "html.parser")
    except ParserRejectedMarkup:
        # It takes any "<![" for a section of SGML, of which it knows but a few: here it is text.
        return BeautifulSoup(content.replace("<![", "&lt;!["), "html.parser")


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tag stands: the block and the list item it is in, how deep in lists, in a link."""

    block: Tag
    item: Tag | None = None
    depth: int = 0
    in_link: bool = False

    def within(self, tag: Tag) -> "_Place":
        place = replace(self, block=tag) if tag.name in _BLOCKS else self
        if tag.name == "li":
            return replace(place, item=tag)
        if tag.name in _LISTS:
            return replace(place, depth=place.depth + 1)
        return replace(place, in_link=True) if tag.name == "a" else place


class _Walk:
    """Goes through the elements in their order, without recursion: pages nest without limit."""

    def __init__(self, root: Tag) -> None:
        self._root = root
        self._end = _after(root)
        # By the tag's identity, each made from its parent's: a page of unclosed paragraphs is as
        # deep as it is long, and asking all parents for each text would take minutes.
        self._places = {id(root): _Place(root)}
        self._pieces: list[str] = []
        self._place = self._places[id(root)]
        self._links = 0
        self._link_characters = 0
        self._marked: set[int] = set()

    def parts(self) -> Iterator[Heading | Block]:
        # Not its next_element: the document itself has none.
        element: PageElement | None = next(iter(self._root.contents), None)
        while element is not None and element is not self._end:
            if isinstance(element, Tag):
                yield from self._begin(element)
                element = _after(element) if _is_whole(element) else element.next_element
            else:
                if _is_text(element):
                    yield from self._add(element)
                element = element.next_element
        yield from self._flush()

    def _begin(self, tag: Tag) -> Iterator[Heading | Block]:
        if tag.name in _BLOCKS or tag.name in _HEADINGS or tag.name == "pre":
            yield from self._flush()
        if _is_passed_over(tag):
            return
        self._places[id(tag)] = self._places[id(tag.parent)].within(tag)
        if tag.name in _HEADINGS:
            if text := one_line(_heading_text(tag)):
                yield Heading(int(tag.name[1]), text)
        elif tag.name == "pre" or _is_data_table(tag):
            text = _table_text(tag) if tag.name == "table" else tag.get_text()
            if text.strip():
                yield _lines(tag, text)
        elif tag.name == "br":
            self._pieces.append("\n")
        elif tag.name == "a":
            self._links += 1

    def _add(self, text: PageElement) -> Iterator[Block]:
        place = self._places[id(text.parent)]
        if place.block is not self._place.block:
            yield from self._flush()
        self._place = place
        piece = _SPACE.sub(" ", str(text))
        self._pieces.append(piece)
        if place.in_link:
            self._link_characters += len(piece.strip())

    def _flush(self) -> Iterator[Block]:
        lines = (one_line(line) for line in "".join(self._pieces).split("\n"))
        if text := "\n".join(line for line in lines if line):
            mark = self._mark()
            kind: Kind = "item" if mark else "prose"
            yield Block(mark + text, kind, self._links, self._link_characters)
            self._links = self._link_characters = 0
        self._pieces.clear()

    def _mark(self) -> str:
        """Return what stands before a list item's first text: a dash, as deep as it is nested."""
        item = self._place.item
        if item is None or id(item) in self._marked:
            return ""
        self._marked.add(id(item))
        return "  " * (self._place.depth - 1) + "- "


def _after(tag: Tag) -> PageElement | None:
    """Return what follows a tag and all within it."""
    place: PageElement | None = tag
    while place is not None:
        if place.next_sibling is not None:
            return place.next_sibling
        place = place.parent
    return None


def _lines(tag: Tag, text: str) -> Block:
    links = tag.find_all("a")
    characters = sum(len(one_line(link.get_text())) for link in links)
    return Block(text.strip("\n").rstrip(), "lines", len(links), characters)


def _is_text(element: PageElement) -> bool:
    # Comments, scripts and the like are subclasses.
    return type(element) in (NavigableString, CData)


def _is_whole(tag: Tag) -> bool:
    """Tell whether nothing within the tag is to be looked at any more."""
    return tag.name in _HEADINGS or tag.name == "pre" or _is_passed_over(tag) or _is_data_table(tag)


def _is_passed_over(tag: Tag) -> bool:
    if tag.name in _PASSED_OVER or tag.has_attr("hidden") or tag.get("role") == "navigation":
        return True
    return _is_permalink(tag)


def _is_permalink(tag: Tag) -> bool:
    return tag.name == "a" and tag.find("img") is None and tag.get_text().strip() in _PERMALINKS


def _heading_text(tag: Tag) -> str:
    return "".join(
        text
        for text in tag.strings
        if not any(isinstance(p, Tag) and _is_permalink(p) for p in text.parents)
    )


def _is_data_table(tag: Tag) -> bool:
    """Tell a table of data from one that only lays out a page."""
    if tag.name != "table":
        return False
    return tag.get("role") != "presentation" and tag.find(["table", "pre", *_HEADINGS]) is None


def _table_text(table: Tag) -> str:
    """Return a line for each row, its cells between bars."""
    rows: list[list[str]] = [[]]
    for element in table.descendants:
        if isinstance(element, Tag):
            if element.name in ("tr", "caption"):
                rows.append([])
            elif element.name in ("td", "th"):
                rows[-1].append("")
            elif element.name in ("br", "p", "li", "div") and rows[-1]:
                rows[-1][-1] += " "
        elif _is_text(element) and str(element).strip():
            if not rows[-1]:
                rows[-1].append("")
            rows[-1][-1] += str(element)
    cells = [[one_line(cell) for cell in row] for row in rows]
    return "\n".join(" | ".join(row) for row in cells if any(row))
