"""One line per viewing: what the load generator hands to the report."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any


@dataclass
class Record:
    """One viewing of one answer. Times in seconds of time.monotonic, delays in milliseconds."""

    kind: str
    """asker, mobile, slow or viewer."""
    asked_at: float
    response_id: str | None = None
    accepted_at: float | None = None
    begun_at: float | None = None
    first_token_at: float | None = None
    ended_at: float | None = None
    tokens: int = 0
    status: str | None = None
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    hung: bool = False
    refused: int = 0
    """Replies that were not a 200, and connections that broke; it was tried again."""
    connections: int = 0
    resets: int = 0
    timings: dict[str, float | None] = field(default_factory=dict)
    """What the product says: queue_ms, retrieve_ms, model_first_token_ms ..."""
    delays_ms: list[float] = field(default_factory=list)
    """From the model server to the viewer, token by token."""
    token_times: list[float] = field(default_factory=list)
    first_token_number: int = 0

    @property
    def faultless(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.wrong or self.hung)


class RecordFile:
    """Appends records to a file; each process of the generator has one of its own."""

    def __init__(self, path: Path) -> None:
        """Open a file for appending."""
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def add(self, record: Record) -> None:
        """Write one record as a line."""
        self._file.write(json.dumps(asdict(record)) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_records(paths: Iterator[Path]) -> list[Record]:
    """Read files of records."""
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    return [Record(**_object(line)) for line in lines]


def _object(line: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(line)
    return value
