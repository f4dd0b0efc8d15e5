"""Reads Markdown: rendered to HTML, which is then read as any other."""

import html
import re
from collections.abc import Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from millstream_worker.ingesting.blocks import DocumentText
from millstream_worker.ingesting.html_reader import one_line, parsed, read_html

_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE: Final = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)
_TAG: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)")
_INLINE: Final = (
    "a abbr b bdi bdo big cite code data del dfn em font i img input ins kbd mark q s samp small"
    " span strike strong sub sup time tt u var wbr"
)
_FORMATTING: Final = frozenset(_INLINE.split())
# The default of 20 levels drops what is nested deeper.
_NESTING: Final = 100


def read_markdown(content: str) -> DocumentText:
    """Return the text of a Markdown document; the title may come from its front matter."""
    front, body = _without_front_matter(content)
    text = read_html(_renderer().render(body))
    title = _TITLE.search(front)
    named = one_line(title.group(1)).strip("\"'") if title else ""
    return DocumentText(named or text.title, text.parts)


def _without_front_matter(content: str) -> tuple[str, str]:
    match = _FRONT_MATTER.match(content)
    if match is None or not re.match(r"[\w-]+:", match.group(1) or ""):
        return "", content
    return match.group(1), content[match.end() :]


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": _NESTING})
    markdown.enable(["table", "strikethrough"])
    markdown.add_render_rule("html_block", _html_block)
    markdown.add_render_rule("html_inline", _html_inline)
    return markdown


def _html_block(
    _renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    """Close what a piece of HTML leaves open, so that it swallows nothing of what follows."""
    return str(parsed(tokens[index].content))


def _html_inline(
    _renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    """Keep the text of an unknown tag: ``run <name>`` speaks of a name, and means no tag."""
    content = tokens[index].content
    tag = _TAG.match(content)
    if tag is None or tag.group(1).lower() in _FORMATTING:
        return ""
    return "<br>" if tag.group(1).lower() == "br" else html.escape(content)
