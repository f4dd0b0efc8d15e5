"""``millstream ingest``: stores documents, enqueues them, and follows what becomes of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from millstream_contract.jobs import IngestJob
from millstream_contract.ledger.documents import Documents
from millstream_worker.command.source_files import (
    Found,
    Unreadable,
    find_files,
    printable,
    read_source,
)

_POLL_SECONDS: Final = 0.25


class Bar(Protocol):
    """Shows progress; tqdm does."""

    total: float | None

    def update(self, n: float = 1) -> object:
        """Show that so many more files are done."""

    def refresh(self) -> object:
        """Show the bar anew."""


@dataclass(slots=True)
class Outcome:
    """What became of the files. The pairs are of a file and a reason."""

    ingested: int = 0
    unchanged: int = 0
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


class Ingestion:
    """One run of the command."""

    def __init__(
        self,
        documents: Documents,
        send: Callable[[IngestJob], None],
        bar: Bar,
        *,
        max_bytes: int,
        patience_seconds: float,
    ) -> None:
        """Use these.

        patience_seconds: how long to wait while no document gets ready; then it is given up.
        """
        self._documents = documents
        self._send = send
        self._bar = bar
        self._max_bytes = max_bytes
        self._patience_seconds = patience_seconds
        self._sent: dict[str, str] = {}
        self.outcome = Outcome()

    def store(self, paths: Sequence[Path]) -> None:
        """Store and enqueue what is new or changed. Raises LedgerUnavailable, LogUnavailable."""
        found = find_files(paths)
        self._report(found)
        self._bar.total = len(found.files)
        self._bar.refresh()
        for path in found.files:
            self._store(path)

    def follow(self) -> None:
        """Wait until all that was enqueued is done. Raises LedgerUnavailable."""
        deadline = time.monotonic() + self._patience_seconds
        while self._sent and time.monotonic() < deadline:
            if self._look():
                deadline = time.monotonic() + self._patience_seconds
            else:
                # Only the ledger is told what becomes of a document, and it has to be asked.
                time.sleep(_POLL_SECONDS)

    def leave(self) -> Outcome:
        """Return the outcome; what is not done is waiting."""
        self.outcome.waiting = list(self._sent.values())
        return self.outcome

    def _store(self, path: Path) -> None:
        try:
            source = read_source(path, self._max_bytes)
        except Unreadable as error:
            self.outcome.failed.append((printable(str(path)), str(error)))
            self._bar.update()
            return
        document_id, is_changed = self._documents.put(
            source.name, source.title, source.media_type, source.content
        )
        if is_changed:
            self._send(IngestJob(document_id))
            self._sent[document_id] = printable(str(path))
        else:
            self.outcome.unchanged += 1
            self._bar.update()

    def _look(self) -> bool:
        """Note what is done, and tell whether anything is."""
        statuses = self._documents.statuses(list(self._sent))
        done = [name for name in self._sent if statuses.get(name, ("gone", None))[0] != "pending"]
        for document_id in done:
            self._note(self._sent.pop(document_id), *statuses.get(document_id, ("gone", None)))
        self._bar.update(len(done))
        return bool(done)

    def _note(self, path: str, status: str, error: str | None) -> None:
        if status == "failed":
            self.outcome.failed.append((path, error or "no reason was given"))
        elif status != "ready":
            self.outcome.failed.append((path, "it was deleted meanwhile"))
        elif error:
            self.outcome.passed_over.append((path, error))
        else:
            self.outcome.ingested += 1

    def _report(self, found: Found) -> None:
        self.outcome.failed += [(printable(str(path)), reason) for path, reason in found.failed]
        self.outcome.passed_over += [
            (printable(str(path)), reason) for path, reason in found.passed_over
        ]
        if found.other_kinds:
            kinds = f"{found.other_kinds} files of other kinds"
            self.outcome.passed_over.append((kinds, "nobody here reads them"))
