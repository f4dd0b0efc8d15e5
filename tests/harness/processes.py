"""A server started by a test: its output is collected, its waits bounded, its end checked."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from tests.harness import warden
from tests.harness.deadlines import DeadlinePassed, eventually, scaled

ROOT = Path(__file__).resolve().parents[2]
_TAIL_LINES = 60


class ProcessFailed(AssertionError):
    """A started process ended too early, too late, wrongly, or left children behind."""


class ServerProcess:
    """One process, leader of its own group; its stdout and stderr are one list of lines."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self.lines: list[str] = []
        self._process = process
        self._printed = threading.Condition()
        self._output_ended = False
        self._end_was_seen = False
        self._reader = threading.Thread(target=self._read, name=f"log of {name}", daemon=True)
        self._reader.start()

    @classmethod
    def start(
        cls,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> Self:
        """Start a process; `env` is its whole environment (None: ours)."""
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        warden.entrust(process.pid)
        return cls(name, process)

    @property
    def pid(self) -> int:
        """Its process id, and the id of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None while it runs."""
        return self._process.poll()

    def tail(self) -> str:
        """Give its last lines, for a message."""
        lines = self.lines[-_TAIL_LINES:]
        return "\n".join(f"  {self.name} | {line}" for line in lines) or "  (nothing printed)"

    def wait_for_line(self, pattern: str, seconds: float = 30.0) -> re.Match[str]:
        """Wait until a line is printed in which `pattern` is found; lines of the past count."""
        limit = scaled(seconds)
        deadline = time.monotonic() + limit
        seen = 0
        with self._printed:
            while True:
                for line in self.lines[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self.lines)
                if self._output_ended:
                    raise self._failed(f"ended without printing {pattern!r}")
                if not self._printed.wait(deadline - time.monotonic()) and seen == len(self.lines):
                    raise DeadlinePassed(
                        f"waited {limit:g} s for {self.name} to print {pattern!r}\n{self.tail()}"
                    )

    def assert_running(self) -> None:
        """Raise ProcessFailed when it has ended."""
        if self.exit_code is not None:
            self._reader.join(scaled(3))  # its last words may still be on their way
            raise self._failed("is not running")

    def wait_for_exit(self, seconds: float = 15.0) -> int:
        """Wait for its end and that of all its group; give the exit code."""
        try:
            code = self._process.wait(scaled(seconds))
        except subprocess.TimeoutExpired:
            raise DeadlinePassed(
                f"waited {scaled(seconds):g} s for {self.name} to end\n{self.tail()}"
            ) from None
        eventually(f"the children of {self.name} to end", self._group_is_gone, 3)
        self._reader.join(scaled(3))
        warden.take_back(self.pid)
        self._end_was_seen = True
        return code

    def stop(self, seconds: float = 15.0, expected: Sequence[int] = (0, -signal.SIGTERM)) -> None:
        """Ask it to end by SIGTERM. Raises when it does not in time, or ends with another code.

        Nothing of it is left in any case. Does nothing when the test has ended it itself, by
        `stop`, `kill` or `wait_for_exit`.
        """
        if self._end_was_seen:
            return
        if self.exit_code is not None:
            self.kill()  # what it may have left behind
            raise self._failed("had ended before it was asked to")
        self._process.terminate()
        try:
            code = self.wait_for_exit(seconds)
        except DeadlinePassed:
            self.kill()
            raise
        if code not in expected:
            raise self._failed("ended wrongly")

    def kill(self) -> None:
        """End it and all its group by SIGKILL, and wait until they are gone."""
        if not self._end_was_seen:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.wait_for_exit()

    def pause(self) -> None:
        """Stop its whole group by SIGSTOP."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let its group go on after `pause`."""
        os.killpg(self.pid, signal.SIGCONT)

    def _group_is_gone(self) -> bool:
        # Children that are dead and wait for init to reap them are gone for our purpose.
        return self._process.poll() is not None and not any(
            map(self._is_alive_member, psutil.pids())
        )

    def _is_alive_member(self, pid: int) -> bool:
        try:
            in_group = os.getpgid(pid) == self.pid
            return in_group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False

    def _failed(self, what: str) -> ProcessFailed:
        return ProcessFailed(f"{self.name} {what} (exit code {self.exit_code})\n{self.tail()}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for raw in output:
                self._add(raw.decode(errors="replace").rstrip("\r\n"))
        with self._printed:
            self._output_ended = True
            self._printed.notify_all()

    def _add(self, line: str) -> None:
        with self._printed:
            self.lines.append(line)
            self._printed.notify_all()
