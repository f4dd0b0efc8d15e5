"""The relays that are compared: ours, and two as they are commonly built."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from bench.answers import StandingAnswer
from bench.figures import processor_seconds
from tests.harness.deadlines import eventually
from tests.harness.environment import service_environment
from tests.harness.ports import free_port
from tests.harness.processes import ServerProcess
from tests.harness.services import start_api
from tests.harness.stack import Backends


@dataclass
class Contestant:
    """A running relay. process: the one that serves."""

    name: str
    port: int
    process: psutil.Process
    backends: Backends
    answers: list[StandingAnswer] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        """Whether it is the API."""
        return self.name == "millstream"

    def path(self, answer: StandingAnswer) -> str:
        """Return where the stream of an answer is."""
        return answer.path if self.is_ours else f"/{answer.channel}"

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        return processor_seconds(self.process)

    def memory_bytes(self) -> int:
        """Return the memory that is its own."""
        return int(self.process.memory_full_info().uss)


@contextmanager
def contestant(name: str, backends: Backends) -> Iterator[Contestant]:
    """Run a relay: "millstream", "redis_per_viewer" or "starlette_shared"."""
    if name == "millstream":
        api = start_api(backends.settings())
        try:
            yield Contestant(name, int(api.url.rpartition(":")[2]), serving(api.process), backends)
        finally:
            api.process.stop(30)
        return
    port = free_port()
    argv = [sys.executable, "-m", f"bench.relays.{name}", str(port), backends.redis_url]
    process = ServerProcess.start(name, argv, service_environment({}))
    try:
        # Its worker, if it has one, is there once it answers.
        eventually(f"{name} to answer", lambda: _answers(port), 20)
        yield Contestant(name, port, serving(process), backends)
    finally:
        process.kill()


def serving(process: ServerProcess) -> psutil.Process:
    """Return the process that answers requests: gunicorn's worker, or a server itself."""
    master = psutil.Process(process.pid)
    workers = master.children(recursive=True)
    return workers[0] if workers else master


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
        probe.sendall(b"GET /a-channel HTTP/1.1\r\nHost: relay\r\n\r\n")
        return bool(probe.recv(1))
    return False
