"""Starts an instance in a directory of the test's, and looks at what it started."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.harness.deadlines import eventually
from tests.harness.environment import measured_with_greenlets, service_environment
from tests.harness.ports import free_port
from tests.harness.processes import ServerProcess

SMALL = (sys.executable, "-m", "tests.integration.embedded.small_instance")
WHOLE = (sys.executable, "-m", "millstream_embedded")

_PORTS = ("UI", "API", "MODELS", "POSTGRES", "VALKEY")


class RunningInstance:
    """One launcher, its ports and its data directory."""

    def __init__(self, data: Path, command: Sequence[str] = SMALL, **settings: str) -> None:
        # A part takes its port seconds after the port was chosen. The instance's own choice knows
        # nothing of those that other tests were given meanwhile.
        ports = {name: free_port() for name in _PORTS}
        self.data = data
        self.ui_port, self.api_port = ports["UI"], ports["API"]
        environment = {
            "MILLSTREAM_DATA_DIR": str(data),
            **{f"MILLSTREAM_{name}_PORT": str(port) for name, port in ports.items()},
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
        try:
            return psutil.Process(pids[-1])
        except psutil.NoSuchProcess:
            return None  # it ended as soon as it was started, and is started again


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
    return {address for process in processes for address in _listens_on(process)}


def _listens_on(process: psutil.Process) -> list[str]:
    try:
        connections = process.net_connections("inet")
    except psutil.NoSuchProcess:
        return []  # PostgreSQL's come and go
    return [one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN]
