"""Turns chosen pages of Debian's postgresql-doc package into the demo corpus' Markdown.

Usage: apt-get download postgresql-doc-15 && dpkg -x postgresql-doc-15*.deb UNPACKED
       .venv/bin/python scripts/corpus_from_postgresql_docs.py UNPACKED

It is run by hand, when the choice of pages or the release changes.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

CORPUS = Path(__file__).parent.parent / "embedded/src/millstream_embedded/corpus/postgresql"

# Pages that explain something a reader may ask about; no reference tables, no indexes of links.
PAGES = (
    "mvcc-intro transaction-iso explicit-locking mvcc-serialization-failure-handling"
    " indexes-intro indexes-types indexes-multicolumn indexes-partial indexes-index-only-scans"
    " indexes-expressional indexes-unique textsearch-intro textsearch-indexes"
    " wal-intro wal-reliability wal-async-commit wal-configuration storage-toast"
    " routine-vacuuming populate jit-reason jit-decision"
    " tutorial-concepts tutorial-arch tutorial-join tutorial-agg tutorial-window"
    " tutorial-transactions tutorial-views tutorial-fk"
    " ddl-constraints ddl-rowsecurity ddl-schemas ddl-generated-columns"
    " datatype-json sql-notify sql-listen plpgsql-overview trigger-definition"
    " role-attributes role-membership auth-password auth-trust"
    " high-availability logical-replication logical-replication-architecture"
    " logical-replication-restrictions backup-dump backup-file parallel-safety geqo-intro"
)

_NUMBER = re.compile(r"^(?:(?:Chapter|Part|Appendix)\s)?[\dA-ZIVX]+(?:\.\d+)*\.\s+")
_LEVELS = re.compile(r"^(chapter|sect\d|refentry|refsect\d|refsynopsisdiv)$")
_SPACE = re.compile(r"\s+")
_NOTES = ("note", "tip", "important", "caution", "warning")


def main() -> None:
    """Convert every page."""
    html = next(Path(sys.argv[1]).glob("usr/share/doc/postgresql-doc-*/html"))
    CORPUS.mkdir(parents=True, exist_ok=True)
    for old in CORPUS.glob("*.md"):
        old.unlink()
    for page in PAGES.split():
        soup = BeautifulSoup((html / f"{page}.html").read_text("utf-8"), "html.parser")
        (CORPUS / f"{page}.md").write_text(to_markdown(soup), "utf-8")


def to_markdown(soup: BeautifulSoup) -> str:
    """Return a page's own text: headings, paragraphs, lists, code, tables."""
    up = soup.select_one(".navheader tr:nth-of-type(2) th")
    chapter = _NUMBER.sub("", _inline([up])) if up else ""
    for furniture in soup.select(".navheader, .navfooter, .toc, .indexterm, a.id_link"):
        furniture.decompose()
    blocks = [block for block in _blocks(soup.body or soup) if block.strip()]
    if chapter and blocks[0].startswith("# ") and not soup.select_one(".refentry"):
        # "Introduction" alone says nothing in a list of sources
        blocks[0] = f"# {chapter}: {blocks[0][2:]}"
    return "\n\n".join(blocks).replace("\N{NO-BREAK SPACE}", " ") + "\n"


def _blocks(parent: Tag) -> Iterator[str]:
    loose: list[PageElement] = []
    for child in parent.children:
        if isinstance(child, Tag) and (made := _block(child)) is not None:
            yield _inline(loose)
            loose = []
            yield from made
        else:
            loose.append(child)
    yield _inline(loose)


def _block(tag: Tag) -> list[str] | None:
    """Return the Markdown blocks of a block element; None for what stands within a line."""
    classes: list[str] = list(tag.get_attribute_list("class"))
    if re.fullmatch("h[1-6]", tag.name):
        return _heading(tag)
    if tag.name == "pre":
        return ["```\n" + tag.get_text().strip("\n").rstrip() + "\n```"]
    if tag.name in ("ul", "ol"):
        return _list(tag)
    if tag.name == "dl":
        return _definitions(tag)
    if tag.name == "table":
        return _table(tag)
    if tag.name == "div" and any(note in classes for note in _NOTES):
        return ["\n".join(f"> {line}".rstrip() for line in "\n\n".join(_filled(tag)).split("\n"))]
    if tag.name in ("div", "p", "blockquote", "dd", "section"):
        return _filled(tag)
    return None


def _filled(tag: Tag) -> list[str]:
    return [block for block in _blocks(tag) if block.strip()]


def _heading(tag: Tag) -> list[str]:
    text = _NUMBER.sub("", _inline([tag]).replace("`", ""))
    note = tag.find_parent("div", class_=list(_NOTES))
    if note is not None:
        return [f"**{text}**"]
    depth = len(tag.find_parents("div", class_=_LEVELS))
    return ["#" * max(1, min(depth, 6)) + " " + text]


def _list(tag: Tag) -> list[str]:
    items = []
    for number, item in enumerate(tag.find_all("li", recursive=False), 1):
        mark = f"{number}. " if tag.name == "ol" else "- "
        text = "\n\n".join(_filled(item)).replace("\n", "\n" + " " * len(mark))
        items.append(mark + re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))
    return ["\n".join(items)]


def _definitions(tag: Tag) -> list[str]:
    items = []
    for child in tag.find_all(["dt", "dd"], recursive=False):
        if child.name == "dt":
            items.append(f"**{_inline([child])}**")
        else:
            items += _filled(child)
    return items


def _table(tag: Tag) -> list[str]:
    rows = [
        [_inline([cell]).replace("|", r"\|") for cell in row.find_all(["th", "td"])]
        for row in tag.find_all("tr")
    ]
    rows = [row for row in rows if any(row)]
    if not rows:
        return []
    width = max(len(row) for row in rows)
    rows = [row + [""] * (width - len(row)) for row in rows]
    rows.insert(1, ["---"] * width)
    return ["\n".join("| " + " | ".join(row) + " |" for row in rows)]


def _inline(parts: list[PageElement]) -> str:
    return _SPACE.sub(" ", "".join(_inline_piece(part) for part in parts)).strip()


def _inline_piece(part: PageElement) -> str:
    if type(part) is NavigableString:
        return str(part)
    if not isinstance(part, Tag):
        return ""
    if part.name == "code":
        return f"`{part.get_text()}`" if part.get_text().strip() else ""
    inner = "".join(_inline_piece(child) for child in part.children)
    if part.name in ("em", "i") and inner.strip():
        return f"*{inner}*"
    return inner


if __name__ == "__main__":
    main()
