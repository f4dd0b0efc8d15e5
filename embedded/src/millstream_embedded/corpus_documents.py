"""What the demo corpus holds, and how it is cut: the same way as any ingested document."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from millstream_worker.ingesting.chunker import TextChunk, chunk_document
from millstream_worker.ingesting.reading import MARKDOWN

SOURCE_PREFIX = "demo:"

CORPUS = Path(__file__).parent / "corpus"
VECTORS = CORPUS / "vectors.jsonl"

# embedded/src/millstream_embedded/ stands in the repository, in `make run` and in every image
_REPOSITORY = Path(__file__).parents[3]
_OWN_PAGES = ("README.md", "ARCHITECTURE.md", "docs/*.md")


@dataclass(frozen=True)
class CorpusDocument:
    """A document as it is put into the ledger."""

    source: str
    title: str
    content: str
    media_type: str = MARKDOWN

    def chunks(self) -> list[TextChunk]:
        """Cut it into passages."""
        return chunk_document(self.title, self.media_type, self.content)


def corpus_documents() -> list[CorpusDocument]:
    """Return all documents of the demo corpus, in a fixed order."""
    return [*postgresql_documents(), *_own_documents()]


def postgresql_documents() -> Iterator[CorpusDocument]:
    """Give the chosen pages of PostgreSQL's documentation."""
    for path in sorted((CORPUS / "postgresql").glob("*.md")):
        yield _document(f"postgresql/{path.name}", path)


def _own_documents() -> Iterator[CorpusDocument]:
    if not (_REPOSITORY / "embedded" / "pyproject.toml").exists():
        return
    for pattern in _OWN_PAGES:
        for path in sorted(_REPOSITORY.glob(pattern)):
            yield _document(f"millstream/{path.relative_to(_REPOSITORY)}", path)


def _document(name: str, path: Path) -> CorpusDocument:
    content = path.read_text("utf-8")
    headings = (line for line in content.splitlines() if line.startswith("# "))
    title = next(headings, path.stem).removeprefix("# ").strip()
    return CorpusDocument(SOURCE_PREFIX + name, title, content)
