"""Which reader reads what."""

from typing import Final

from millstream_worker.ingesting.blocks import DocumentText
from millstream_worker.ingesting.html_reader import read_html
from millstream_worker.ingesting.markdown_reader import read_markdown
from millstream_worker.ingesting.text_reader import read_text

MARKDOWN: Final = "text/markdown"
PLAIN: Final = "text/plain"
HTML: Final = "text/html"

MEDIA_TYPES: Final = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".html": HTML,
    ".htm": HTML,
}
"""The media type of a file, by the end of its name in lower case."""


def read_document(media_type: str, content: str) -> DocumentText:
    """Return the text of a document. Raises ValueError for a media type that nobody reads."""
    match media_type:
        case "text/markdown":
            return read_markdown(content)
        case "text/html":
            return read_html(content)
        case "text/plain":
            return read_text(content)
    raise ValueError(f"nobody here reads {media_type}; known are {', '.join(READABLE)}")


READABLE: Final = (MARKDOWN, PLAIN, HTML)
