"""The compose file, running as a project of its own on free ports."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.scripted_model.client import ModelControl
from tests.compose.engine import docker, inspect
from tests.harness.deadlines import eventually, scaled
from tests.harness.environment import service_environment
from tests.harness.ports import free_port

_UP_SECONDS = 600.0
_KILL = "import os, signal, sys; os.kill(int(sys.argv[1]), signal.SIGKILL)"
_METRICS = """
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen("http://127.0.0.1:8002/metrics").read().decode())
"""


@dataclass(frozen=True)
class Project:
    """A compose project; `up` starts it, `down` leaves nothing of it."""

    root: Path
    """Where the compose file is: this repository, or a clone of it."""
    name: str = "millstream-test"
    port: int = field(default_factory=free_port)
    model_port: int = field(default_factory=free_port)
    env_files: tuple[str, ...] = (".env",)

    @property
    def url(self) -> str:
        """The proxy: page and API."""
        return f"http://127.0.0.1:{self.port}"

    def scripted(self) -> "Project":
        """Give the same project with the scripted model in the place of the local ones."""
        files = (".env", "deploy/load.env")
        return Project(self.root, self.name, self.port, self.model_port, files)

    def compose(self, *words: str, seconds: float = _UP_SECONDS) -> str:
        """Run docker compose on it."""
        files = [word for name in self.env_files for word in ("--env-file", name)]
        settings = {
            "MILLSTREAM_PORT": str(self.port),
            "SCRIPTED_MODEL_PORT": str(self.model_port),
        }
        # Of the shell only what docker itself reads: a DATABASE_URL of the developer's would win.
        kept = {k: v for k, v in os.environ.items() if k.startswith("DOCKER_")}
        environment = {**service_environment(settings), **kept}
        return docker(
            "compose", "--project-directory", str(self.root), "--project-name", self.name,
            *files, *words, env=environment, cwd=self.root, seconds=scaled(seconds),
        )  # fmt: skip

    def up(self, *words: str) -> None:
        """Start it, and wait until every service is ready."""
        self.compose("up", "--wait", *words)

    def down(self) -> None:
        """Stop it and remove its data."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")

    def containers(self, service: str) -> list[str]:
        """Give the ids of a service's running containers."""
        return self.compose("ps", "--quiet", service).split()

    def kill_main_process(self, container: str) -> None:
        """Kill -9 a container's first process by its number on the host, as an OOM killer does.

        Not `docker kill`: that counts as a stop by hand, after which nothing is started again.
        """
        restarts = inspect("container", container)["RestartCount"]
        pid = str(inspect("container", container)["State"]["Pid"])
        docker(
            "run", "--rm", "--pid=host", "--user=0", "millstream-api", "python", "-c", _KILL, pid
        )
        eventually(
            "Docker to start the container again",
            lambda: inspect("container", container)["RestartCount"] > restarts,
            60,
        )

    def wait_until_healthy(self, container: str) -> None:
        """Wait until a container's health check succeeds."""
        eventually(
            f"{container} to be healthy",
            lambda: (
                inspect("container", container)["State"].get("Health", {}).get("Status")
                == "healthy"
            ),
            180,
            every_seconds=0.5,
        )

    def metric(self, container: str, name: str) -> float:
        """Give the sum of a metric over its labels, as a worker tells it."""
        lines = docker("exec", container, "python", "-c", _METRICS).splitlines()
        values = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in values)

    def database_url(self) -> str:
        """The ledger as this host reaches it: by its container's own address."""
        (container,) = self.containers("postgres")
        networks = inspect("container", container)["NetworkSettings"]["Networks"]
        address = networks[f"{self.name}_stores"]["IPAddress"]
        return f"postgresql://millstream:development@{address}:5432/millstream"

    @contextmanager
    def model(self) -> Iterator[ModelControl]:
        """Give the scripted model as long as the block lasts."""
        control = ModelControl.at(f"http://127.0.0.1:{self.model_port}")
        with control.http:
            yield control

    def wait_for_corpus(self) -> None:
        """Wait until every document can be asked about."""
        with psycopg.connect(self.database_url(), autocommit=True) as connection:
            waiting = "SELECT count(*) FILTER (WHERE status <> 'ready'), count(*) FROM documents"
            eventually(
                "all documents to be ready",
                lambda: _none_waits(connection.execute(waiting).fetchone()),
                120,
                every_seconds=0.5,
            )


def _none_waits(counts: tuple[int, ...] | None) -> bool:
    return counts is not None and counts[0] == 0 and counts[1] > 0
