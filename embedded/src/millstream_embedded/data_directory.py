"""The directory of everything that outlives a stop, used by one running instance at a time."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from millstream_embedded.errors import CannotRun


@dataclass(frozen=True)
class Passwords:
    """Made once and kept: no other user of this machine gets into our servers."""

    postgres: str
    valkey: str


class DataDirectory:
    """Its places by name, and the lock that keeps a second instance out.

    `lock_descriptor` is inherited by the supervisor, so that the directory stays in use until
    the last part has stopped, even when the launcher was killed.
    """

    def __init__(self, root: Path) -> None:
        """Make the directory and lock it; raise CannotRun when it is in use or not ours."""
        self.root = root.absolute()
        try:
            for directory in (self.root, self.logs, self.run):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock_descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotRun(
                f"the data directory {self.root} cannot be used ({error.strerror}):"
                " set MILLSTREAM_DATA_DIR to one that you may write"
            ) from error
        self._lock()

    @property
    def logs(self) -> Path:
        """One log file for each part."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What is written anew at each start: the supervisor's configuration, start scripts."""
        return self.root / "run"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file."""
        return self.root / "valkey"

    @property
    def connection_file(self) -> Path:
        """Addresses and secrets of the running instance, as `NAME=value` lines."""
        return self.root / "connection.env"

    def passwords(self) -> Passwords:
        """Return the passwords, made at the first call ever."""
        path = self.root / "passwords.json"
        if not path.exists():
            fresh = {"postgres": secrets.token_urlsafe(24), "valkey": secrets.token_urlsafe(24)}
            write_private(path, json.dumps(fresh))
        return Passwords(**json.loads(path.read_text()))

    def _lock(self) -> None:
        try:
            fcntl.flock(self.lock_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self.lock_descriptor, 32, 0).decode().strip()
            os.close(self.lock_descriptor)
            raise CannotRun(
                f"the data directory {self.root} is in use by a running instance"
                f" (process {holder}): stop that one, or set MILLSTREAM_DATA_DIR"
            ) from None
        os.ftruncate(self.lock_descriptor, 0)
        os.pwrite(self.lock_descriptor, f"{os.getpid()}\n".encode(), 0)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
