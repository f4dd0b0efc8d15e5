"""Supervisor (supervisord.org) keeps the parts alive: its configuration, start and questions."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from millstream_embedded.command_prefix import ends_with_parent
from millstream_embedded.data_directory import DataDirectory, write_private
from millstream_embedded.errors import CannotRun
from millstream_embedded.parts import Part

_USER = "millstream"
_LOG_BYTES = 10_000_000
_ORPHAN_SECONDS = 30
_NUDGE_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 0.1

_HEAD = """\
[supervisord]
nodaemon = true
silent = true
logfile = logs/supervisor.log
logfile_maxbytes = {log_bytes}
logfile_backups = 1
pidfile = run/supervisord.pid
childlogdir = run
{user}
[unix_http_server]
file = {socket}
chmod = 0600
username = {username}
password = {password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# The conductor starts them in this order, and gives up on one that does not get ready; supervisor
# stops them in the reverse order.
_PROGRAM = """
[program:{name}]
command = /bin/sh run/{name}.sh
priority = {priority}
autostart = false
autorestart = true
startsecs = 1
startretries = 1000
stopsignal = {stop_signal}
stopwaitsecs = {stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = logs/{name}.log
stdout_logfile_maxbytes = {log_bytes}
stdout_logfile_backups = 1
"""


@dataclass(frozen=True)
class PartState:
    """What supervisor knows of a part.

    `started` is when it was last started (seconds of the clock, 0: never); `pid` is 0 when it does
    not run; `reason` says why it could not be started at all.
    """

    name: str
    state: str
    pid: int
    started: int
    exit_code: int
    reason: str


class Supervisor:
    """The supervisor process of one instance."""

    def __init__(self, data: DataDirectory, parts: Sequence[Part]) -> None:
        """Write what supervisor reads. All its paths are relative to the data directory."""
        self._data = data
        # a socket's path has room for about 100 characters; the data directory may be longer
        self._socket_directory = Path(tempfile.mkdtemp(prefix="millstream-"))
        self._socket = self._socket_directory / "supervisor.sock"
        self._password = secrets.token_urlsafe(24)
        self._write_configuration(parts)
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._last_pids: set[int] = set()

    def start(self, environment: Mapping[str, str], on_end: Callable[[], None]) -> None:
        """Start supervisor with no part running; the parts inherit `environment`.

        on_end: called by another thread when the supervisor process is gone.
        It leads a session of its own, so that Ctrl-C reaches the launcher alone; it holds the
        data directory's lock; it stops everything when the launcher dies.
        """
        command = [*ends_with_parent("TERM"), sys.executable, "-m", "supervisor.supervisord"]
        with (self._data.logs / "supervisor.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-c", "run/supervisord.conf"],
                cwd=self._data.root,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self._data.lock_descriptor],
            )
        threading.Thread(
            target=self._await_end, args=(self._process, on_end), name="supervisor-end", daemon=True
        ).start()

    def has_ended(self) -> bool:
        """Whether the supervisor process is gone."""
        return self._process is None or self._ended.is_set()

    def answers(self) -> bool:
        """Whether it takes orders yet; raise CannotRun when it ended instead."""
        if self.has_ended():
            raise CannotRun(f"the supervisor did not start: see {self._data.logs}/supervisor.log")
        try:
            self._ask("supervisor.getState")
        except (OSError, HTTPException):
            return False
        return True

    def start_part(self, name: str) -> None:
        """Order one part to be started."""
        self._ask("supervisor.startProcess", name, False)

    def states(self) -> dict[str, PartState]:
        """Return every part's state by name; empty when supervisor stops."""
        try:
            told = cast("list[dict[str, Any]]", self._ask("supervisor.getAllProcessInfo"))
        except (OSError, HTTPException, xmlrpc.client.Fault):
            return {}
        self._last_pids = {one["pid"] for one in told} - {0}
        return {
            one["name"]: PartState(
                name=one["name"],
                state=one["statename"],
                pid=one["pid"],
                started=one["start"],
                exit_code=one["exitstatus"],
                reason=one["spawnerr"],
            )
            for one in told
        }

    def stop(self) -> None:
        """Let it stop the parts in the reverse order, each in its own time, and wait for it.

        When supervisor itself was killed, the kernel has told the parts to stop: wait for those.
        """
        if self._process is not None:
            if not self._ended.is_set():
                self._process.send_signal(signal.SIGTERM)
            while not self._ended.wait(_NUDGE_SECONDS):
                # an order wakes it: alone it looks once a second whether a part has ended
                self.states()
            _await_orphans(self._last_pids)
        shutil.rmtree(self._socket_directory, ignore_errors=True)

    def _await_end(self, process: "subprocess.Popen[bytes]", on_end: Callable[[], None]) -> None:
        process.wait()
        self._ended.set()
        on_end()

    def _ask(self, method: str, *arguments: object) -> object:
        transport = SupervisorTransport(_USER, self._password, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return cast("object", getattr(proxy, method)(*arguments))

    def _write_configuration(self, parts: Sequence[Part]) -> None:
        text = _HEAD.format(
            log_bytes=_LOG_BYTES,
            user="user = root" if os.geteuid() == 0 else "",
            socket=str(self._socket).replace("%", "%%"),
            username=_USER,
            password=self._password,
        )
        for priority, part in enumerate(parts, 1):
            write_private(self._data.run / f"{part.name}.sh", part.start_script())
            text += _PROGRAM.format(
                name=part.name,
                priority=priority,
                stop_signal=part.stop_signal,
                stop_seconds=part.stop_seconds,
                log_bytes=_LOG_BYTES,
            )
        write_private(self._data.run / "supervisord.conf", text)


def _await_orphans(leaders: set[int]) -> None:
    until = time.monotonic() + _ORPHAN_SECONDS
    while left := {pid for pid in leaders if _group_lives(pid)}:
        if time.monotonic() > until:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            return
        # the parts are no children of ours, and of a group there is nothing to wait for
        time.sleep(_LOOK_AGAIN_SECONDS)


def _group_lives(leader: int) -> bool:
    """Whether the part or a child of it runs: each part leads a process group."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
