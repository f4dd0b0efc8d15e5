"""Workers that start in half a second: forked by a process that has done their imports."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.harness import warden
from tests.harness.deadlines import DeadlinePassed, eventually, scaled
from tests.harness.environment import service_environment
from tests.harness.processes import ROOT

_IMPORT_SECONDS = 90.0
_READY = re.compile(r"\bready(: takes jobs|\.$)", re.MULTILINE)


class ForkedWorker:
    """One worker process, leader of its own session; what it prints is in a file."""

    def __init__(self, pid: int, log: Path, exits: dict[int, int]) -> None:
        self.pid = pid
        self._log = log
        self._exits = exits
        warden.entrust(pid)

    @property
    def exit_code(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None while it runs."""
        return self._exits.get(self.pid)

    @property
    def printed(self) -> str:
        """All that it has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait_until_ready(self) -> None:
        """Wait until it takes jobs."""

        def ready() -> bool:
            assert self.exit_code is None, f"a worker ended at its start:\n{self.printed}"
            return bool(_READY.search(self.printed))

        eventually("a worker to take jobs", ready, 60)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.signal(signal.SIGKILL)
        self.wait_for_exit()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait_for_exit(self, seconds: float = 40.0) -> int:
        """Wait for its end; give the exit code."""
        try:
            eventually(f"worker {self.pid} to end", lambda: self.exit_code is not None, seconds)
        except DeadlinePassed as error:
            self.signal(signal.SIGKILL)
            raise DeadlinePassed(f"{error}\n{self.printed[-4000:]}") from None
        warden.take_back(self.pid)
        assert self.exit_code is not None
        return self.exit_code


class Nursery:
    """Starts workers; ends with `close`, when all of them have ended."""

    def __init__(self, *, keep_logs: bool = False) -> None:
        self._keep_logs = keep_logs
        self._directory = Path(tempfile.mkdtemp(prefix="millstream-workers-"))
        if not keep_logs:
            warden.entrust_directory(self._directory)
        self._exits: dict[int, int] = {}
        self._born: queue.Queue[int | None] = queue.Queue()
        self._ready = threading.Event()
        self._count = 0
        self.workers: list[ForkedWorker] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery_process"],
            cwd=ROOT,
            env=service_environment({"MLFLOW_DISABLE_TELEMETRY": "true"}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        warden.entrust(self._process.pid)
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()

    def launch(self, settings: Mapping[str, str]) -> ForkedWorker:
        """Start a worker with these settings, without waiting until it takes jobs."""
        if not self._ready.wait(scaled(_IMPORT_SECONDS)):
            raise DeadlinePassed("the nursery has not finished its imports")
        self._count += 1
        log = self._directory / f"worker-{self._count}.log"
        order = {"environment": service_environment(settings), "log": str(log)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        pid = self._born.get(timeout=scaled(20))
        assert pid is not None, "the nursery has ended"
        worker = ForkedWorker(pid, log, self._exits)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """End what still runs, and the nursery itself."""
        for worker in self.workers:
            if worker.exit_code is None:
                worker.kill()
        self._process.communicate(timeout=scaled(20))
        self._reader.join(scaled(5))
        warden.take_back(self._process.pid)
        if not self._keep_logs:
            shutil.rmtree(self._directory)
            warden.take_back_directory(self._directory)

    def __enter__(self) -> Self:
        """Give the nursery."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._take(json.loads(line))
        self._born.put(None)  # who waits for a worker learns that there will be none
        self._ready.set()

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"ready": True}:
                self._ready.set()
            case {"pid": pid}:
                self._born.put(pid)
            case {"exited": pid, "code": code}:
                self._exits[pid] = code
