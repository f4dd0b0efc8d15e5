"""Starts the product's own processes as its users do: `python -m`, configured by environment."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from tests.harness.deadlines import DeadlinePassed, eventually
from tests.harness.environment import measured_with_greenlets, service_environment
from tests.harness.ports import free_port
from tests.harness.processes import ProcessFailed, ServerProcess

# Importing the Databricks client takes 6 to 15 s.
_WORKER_START_SECONDS = 90.0
_START_SECONDS = 40.0
_WORKER_READY = r"\bready(: takes jobs|\.$)"


@dataclass(frozen=True)
class Service:
    """A started HTTP service."""

    process: ServerProcess
    url: str


def start_module(name: str, arguments: Sequence[str], settings: Mapping[str, str]) -> ServerProcess:
    """Start `python -m <name> <arguments>` with these settings in its environment."""
    argv = [sys.executable, "-m", name, *arguments]
    label = " ".join([name.removeprefix("millstream_"), *arguments])
    return ServerProcess.start(label, argv, service_environment(settings))


def run_module(name: str, arguments: Sequence[str], settings: Mapping[str, str]) -> ServerProcess:
    """Run `python -m <name> <arguments>` to its end, which must be a good one."""
    process = start_module(name, arguments, settings)
    code = process.wait_for_exit(_START_SECONDS)
    assert code == 0, f"{process.name} ended with {code}\n{process.tail()}"
    return process


def migrate(database_url: str) -> None:
    """Bring a database to the newest schema."""
    run_module("millstream_contract.migrate", [], {"DATABASE_URL": database_url})


def launch_api(settings: Mapping[str, str], port: int | None = None) -> Service:
    """Start the API without waiting for it; see `wait_until_ready`."""
    port = port or free_port()
    own = {"MILLSTREAM_API_HOST": "127.0.0.1", "MILLSTREAM_API_PORT": str(port)}
    environment = measured_with_greenlets(service_environment({**own, **settings}))
    argv = [sys.executable, "-m", "millstream_api"]
    process = ServerProcess.start("api", argv, environment)
    return Service(process, f"http://127.0.0.1:{port}")


def start_api(settings: Mapping[str, str], port: int | None = None) -> Service:
    """Start the API and wait until it is ready."""
    service = launch_api(settings, port)
    wait_until_ready(service, "/readyz")
    return service


def launch_worker(settings: Mapping[str, str], queue: str = "answers") -> ServerProcess:
    """Start a worker without waiting for it; see `wait_for_worker`."""
    return start_module("millstream_worker", [queue], settings)


def start_worker(settings: Mapping[str, str], queue: str = "answers") -> ServerProcess:
    """Start a worker and wait until it takes jobs."""
    process = launch_worker(settings, queue)
    wait_for_worker(process)
    return process


def wait_for_worker(process: ServerProcess) -> None:
    """Wait until a started worker takes jobs."""
    process.wait_for_line(_WORKER_READY, _WORKER_START_SECONDS)


def start_ui(api_url: str, settings: Mapping[str, str], port: int | None = None) -> Service:
    """Start the page and wait until it is served."""
    port = port or free_port()
    own = {
        "MILLSTREAM_UI_HOST": "127.0.0.1",
        "MILLSTREAM_UI_PORT": str(port),
        "MILLSTREAM_API_URL": api_url,
    }
    service = Service(
        start_module("millstream_ui", [], {**own, **settings}), f"http://127.0.0.1:{port}"
    )
    wait_until_ready(service, "/healthz")
    return service


def wait_until_ready(service: Service, path: str, seconds: float = _START_SECONDS) -> None:
    """Wait until a service answers 200 on `path`; a process that ends ends the wait."""

    def answers() -> bool:
        service.process.assert_running()
        try:
            return client.get(path).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    with httpx.Client(base_url=service.url, timeout=5, trust_env=False) as client:
        what = f"{service.process.name} to answer 200 on {path}"
        try:
            eventually(what, answers, seconds, every_seconds=0.05)
        except DeadlinePassed as error:
            service.process.kill()
            raise DeadlinePassed(f"{error}\n{service.process.tail()}") from None
        except ProcessFailed:
            service.process.kill()  # what it may have left behind
            raise
