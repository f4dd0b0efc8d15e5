"""Shows the parts' log files on one stream, each line with its part's name.

The parts write to files, through supervisor. Nothing waits for who reads our output: when that
stands still, the files hold what is not shown yet.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

OWN_NAME = "millstream"

_POLL_SECONDS = 0.1
_READ_BYTES = 65_536


class LogFollower:
    """One thread, the only writer of the stream: log lines and our own messages."""

    def __init__(self, directory: Path, names: Sequence[str], descriptor: int = 1) -> None:
        """Follow `<directory>/<name>.log` from its end as it is now."""
        self._descriptor = descriptor
        self._width = max(len(name) for name in (OWN_NAME, *names))
        self._files = [_FollowedFile(name, directory / f"{name}.log") for name in names]
        self._messages: SimpleQueue[str] = SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-follower", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def say(self, message: str) -> None:
        """Show a message of our own; returns at once."""
        self._messages.put(message)

    def end(self, timeout_seconds: float = 5) -> None:
        """Show what is left and end; gives up when nobody reads the stream."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        try:
            while not self._ending.wait(_POLL_SECONDS):
                self._show_new()
            self._show_new(whole=True)
        except BrokenPipeError:
            return  # whoever read our output is gone; the files go on

    def _show_new(self, *, whole: bool = False) -> None:
        for file in self._files:
            self._write(file.name, file.new_lines())
            if whole:
                self._write(file.name, file.rest())
        while True:
            try:
                message = self._messages.get_nowait()
            except Empty:
                return
            self._write(OWN_NAME, message.encode().splitlines())

    def _write(self, name: str, lines: Iterable[bytes]) -> None:
        prefix = f"{name:<{self._width}} | ".encode()
        for line in lines:
            data = prefix + line + b"\n"
            while data:
                data = data[os.write(self._descriptor, data) :]


class _FollowedFile:
    """New lines of a file that supervisor may rotate (it is renamed, and begun anew)."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._rest = b""
        self._file: int | None = None
        if self._open():
            os.lseek(self._descriptor, 0, os.SEEK_END)

    def new_lines(self) -> Iterator[bytes]:
        """Give each line that was completed since the last call."""
        while data := self._more():
            *lines, self._rest = (self._rest + data).split(b"\n")
            yield from lines

    def rest(self) -> list[bytes]:
        """Return the last line when it has no end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []

    def _more(self) -> bytes:
        if self._file is None and not self._open():
            return b""
        data = os.read(self._descriptor, _READ_BYTES)
        if data or not self._was_rotated():
            return data
        # nothing is written to the old file after the new one is there: read it once more
        data = os.read(self._descriptor, _READ_BYTES)
        if data:
            return data
        os.close(self._descriptor)
        self._file = None
        return os.read(self._descriptor, _READ_BYTES) if self._open() else b""

    @property
    def _descriptor(self) -> int:
        assert self._file is not None  # noqa: S101 -- opened by every caller
        return self._file

    def _open(self) -> bool:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        return True

    def _was_rotated(self) -> bool:
        try:
            current = self._path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(self._descriptor)
        return (current.st_dev, current.st_ino) != (ours.st_dev, ours.st_ino)
