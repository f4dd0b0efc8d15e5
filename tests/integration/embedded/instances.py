"""Starts an instance in a directory of the test's, and looks at what it started."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from millstream_embedded.ports import choose_free_port
from tests.harness.deadlines import eventually
from tests.harness.environment import measured_with_greenlets, service_environment
from tests.harness.processes import ServerProcess

SMALL = (sys.executable, "-m", "tests.integration.embedded.small_instance")
WHOLE = (sys.executable, "-m", "millstream_embedded")


class RunningInstance:
    """One launcher, its ports and its data directory."""

    def __init__(self, data: Path, command: Sequence[str] = SMALL, **settings: str) -> None:
        taken: set[int] = set()
        self.data = data
        self.ui_port, self.api_port = choose_free_port(taken), choose_free_port(taken)
        environment = {
            "MILLSTREAM_DATA_DIR": str(data),
            "MILLSTREAM_UI_PORT": str(self.ui_port),
            "MILLSTREAM_API_PORT": str(self.api_port),
            **settings,
        }
        # The API is among its parts.
        env = measured_with_greenlets(service_environment(environment))
        self.process = ServerProcess.start("launcher", command, env=env)

    def wait_until_ready(self, seconds: float = 60) -> None:
        self.process.wait_for_line(r"Ready after", seconds)

    def connection(self) -> dict[str, str]:
        """Read connection.env."""
        lines = (self.data / "connection.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def family(self) -> list[psutil.Process]:
        """Give every process of the instance."""
        launcher = psutil.Process(self.process.pid)
        return [launcher, *launcher.children(recursive=True)]

    def part(self, name: str, *, after: psutil.Process | None = None) -> psutil.Process:
        """Give the newest process of a part; with `after`, the one that came after that."""
        return eventually(f"part {name}", lambda: self._newest(name, after), 30)

    def stop(self, seconds: float = 60) -> int:
        """Stop by SIGTERM as a user would; return the exit code."""
        psutil.Process(self.process.pid).terminate()
        return self.process.wait_for_exit(seconds)

    def _newest(self, name: str, after: psutil.Process | None) -> psutil.Process | None:
        spawned = re.compile(rf"spawned: '{name}' with pid (\d+)")
        pids = [int(found[1]) for line in self.process.lines if (found := spawned.search(line))]
        if not pids or (after is not None and pids[-1] == after.pid):
            return None
        return psutil.Process(pids[-1])


def assert_all_gone(processes: list[psutil.Process], seconds: float = 10) -> None:
    """Wait until none of these runs any more."""
    eventually(
        f"the end of {[process.pid for process in processes]}",
        lambda: not [process for process in processes if _runs(process)],
        seconds,
    )


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def listening_addresses(processes: list[psutil.Process]) -> set[str]:
    """Give every address that these listen on."""
    return {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
