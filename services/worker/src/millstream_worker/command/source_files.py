"""Finds the files that a path means, and reads them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from millstream_contract.storable_text import storable
from millstream_worker.ingesting.reading import MEDIA_TYPES, read_document


class Unreadable(Exception):
    """A file cannot be ingested; the argument says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it goes to the ledger. ``name`` is its absolute path: the same at every ingest."""

    name: str
    title: str
    media_type: str
    content: str


@dataclass(slots=True)
class Found:
    """What the paths mean. The pairs are of a path and why it is not among the files."""

    files: list[Path] = field(default_factory=list)
    passed_over: list[tuple[Path, str]] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    other_kinds: int = 0


def find_files(paths: Sequence[Path]) -> Found:
    """Return the files that are meant, each once, in the order of the paths, sorted in folders.

    A file that is named itself is meant even if it is hidden; what a folder hides is not.
    """
    found = Found()
    for path in paths:
        if path.is_dir():
            _look_into(path, found)
        elif not path.exists():
            found.failed.append((path, "there is no such file or folder"))
        elif path.suffix.lower() not in MEDIA_TYPES:
            found.failed.append((path, f"only {', '.join(MEDIA_TYPES)} can be read"))
        else:
            found.files.append(path)
    found.files = list({path.resolve(): path for path in reversed(found.files)}.values())[::-1]
    return found


def read_source(path: Path, max_bytes: int) -> Source:
    """Read a file. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise Unreadable(f"it has more than {max_bytes} bytes; see --max-bytes, or split it")
    content = _text(data)
    if not content.strip():
        raise Unreadable("it is empty")
    media_type = MEDIA_TYPES[path.suffix.lower()]
    try:
        title = read_document(media_type, content).title
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it cannot be read as {media_type}: {error}") from error
    return Source(source_name(path), title or printable(path.stem), media_type, content)


def source_name(path: Path) -> str:
    """Return the name under which a file is stored."""
    return printable(path.resolve().as_posix())


def printable(name: str) -> str:
    """Return a file's name as text: bytes of it that are not UTF-8 are written as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"it is not UTF-8 text (byte {data[error.start]:#04x} at position {error.start});"
            " save it as UTF-8"
        ) from None
    return storable(text.replace("\r\n", "\n").replace("\r", "\n"))


def _look_into(folder: Path, found: Found) -> None:
    def unreadable(error: OSError) -> None:
        found.failed.append((Path(error.filename), f"it cannot be read: {error.strerror}"))

    for place, folders, names in os.walk(folder, onerror=unreadable):
        for name in _hidden(folders):
            found.passed_over.append((Path(place, name), "hidden"))
        # os.walk goes on into what is left of this very list.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            _sort_in(Path(place, name), found)


def _hidden(names: Sequence[str]) -> Iterator[str]:
    return (name for name in sorted(names) if name.startswith("."))


def _sort_in(file: Path, found: Found) -> None:
    if file.suffix.lower() not in MEDIA_TYPES:
        found.other_kinds += 1
    elif file.name.startswith("."):
        found.passed_over.append((file, "hidden"))
    elif file.is_file():
        found.files.append(file)
    else:
        found.failed.append((file, "it is no file, or a link to nowhere"))
