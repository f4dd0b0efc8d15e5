"""What a document is made of once its markup is gone."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["prose", "item", "lines"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; ``level`` counts from 1."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that reads as one.

    kind: "prose" is cut at sentences if it must be; "item" is prose that stands in a list; "lines"
    (code, a table) is cut at line breaks.
    links: how many links are in it, and ``link_characters`` how much of its text they are.
    """

    text: str
    kind: Kind = "prose"
    links: int = 0
    link_characters: int = 0


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document without its markup. ``title`` is what it calls itself, "" if it does not."""

    title: str
    parts: tuple[Heading | Block, ...]


def first_heading(parts: tuple[Heading | Block, ...]) -> str:
    """Return the text of the first heading, or ""."""
    return next((part.text for part in parts if isinstance(part, Heading)), "")
