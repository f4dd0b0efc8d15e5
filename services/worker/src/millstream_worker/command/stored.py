"""``millstream list`` and ``millstream remove``: what is stored, and taking it out again."""

from collections.abc import Sequence
from pathlib import Path

from millstream_contract.ledger.documents import Documents
from millstream_worker.command.source_files import source_name


def listing(documents: Documents) -> list[str]:
    """Return a line for each document: how it stands, its passages, its source."""
    return [f"{one.status}\t{one.passages}\t{one.source}" for one in documents.stored()]


def remove(documents: Documents, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take out what these name; return the sources that are gone, and names that meant none.

    A name is a source as it is listed, or a path as it was ingested: of a file or a folder, which
    need not be there any more.
    """
    gone: list[str] = []
    unknown: list[str] = []
    for name in names:
        found = documents.remove(name) or documents.remove(source_name(Path(name)))
        gone += found
        if not found:
            unknown.append(name)
    return gone, unknown
