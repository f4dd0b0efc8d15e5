"""The whole product on one machine, around the scripted model."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.scripted_model.client import ScriptedModel
from tests.harness.api_client import ApiClient
from tests.harness.corpus import EMBEDDINGS_ENDPOINT
from tests.harness.deadlines import eventually
from tests.harness.ports import free_port
from tests.harness.processes import ServerProcess
from tests.harness.scrape import Scrape
from tests.harness.services import Service, launch_worker, start_api, start_ui, wait_for_worker

UNHURRIED: Mapping[str, str] = {"MILLSTREAM_LEASE_SECONDS": "8"}
"""For a stack of which nothing is ended: where the machine stands still for two seconds, a worker
would lose its lease, and another attempt would be counted, timed and shown."""


@dataclass(frozen=True)
class Backends:
    """What the services are pointed at."""

    database_url: str
    redis_url: str
    model: ScriptedModel
    extra: Mapping[str, str] = field(default_factory=dict)
    """Settings in the way of environment variables; they win."""

    def settings(self) -> dict[str, str]:
        """Give the environment variables of the API and the worker."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "DATABRICKS_HOST": self.model.url,
            "DATABRICKS_TOKEN": "scripted",
            "MILLSTREAM_CHAT_ENDPOINT": "scripted-chat",
            "MILLSTREAM_EMBEDDINGS_ENDPOINT": EMBEDDINGS_ENDPOINT,
            # A question's script is of its answer: tests of condensing say themselves who does it.
            "MILLSTREAM_CONDENSING": "keywords",
            **self.extra,
        }


@dataclass
class Stack:
    """Running services; a test that ends one of them starts a stack of its own."""

    backends: Backends
    apis: list[Service]
    workers: list[ServerProcess]
    worker_urls: list[str] = field(default_factory=list)
    """Where each worker, in the order of `workers`, answers probes and metrics."""
    ui_port: int = field(default_factory=free_port)
    """Where `ui` serves the page: the API must know it, for only that page may call it."""

    @property
    def model(self) -> ScriptedModel:
        """The scripted model."""
        return self.backends.model

    @property
    def api_url(self) -> str:
        """The base URL of the (first) API process."""
        return self.apis[0].url

    def client(self, api: int = 0, headers: dict[str, str] | None = None) -> ApiClient:
        """Give a client of an API process; close it."""
        return ApiClient(self.apis[api].url, headers)

    def add_worker(self, queue: str = "answers") -> ServerProcess:
        """Start one more worker; it is stopped with the stack."""
        worker = self.launch_worker(queue)
        wait_for_worker(worker)
        return worker

    def launch_worker(self, queue: str = "answers") -> ServerProcess:
        """Like `add_worker`, without waiting until it takes jobs."""
        port = str(free_port())
        own = {"MILLSTREAM_WORKER_HTTP_PORT": port}
        worker = launch_worker({**own, **self.backends.settings()}, queue)
        self.workers.append(worker)
        self.worker_urls.append(f"http://127.0.0.1:{port}")
        return worker

    def holder(self, response_id: str, attempt: int = 1) -> ServerProcess:
        """Wait for the worker that begins this attempt at an answer."""
        begun = f"{response_id} attempt {attempt}: begun"
        found: list[ServerProcess] = []

        def is_begun() -> bool:
            found[:] = [w for w in self.workers if any(begun in line for line in w.lines)]
            return bool(found)

        eventually(begun, is_begun, 30)
        (holder,) = found
        return holder

    def wait_for_rest(self) -> None:
        """Wait until nothing waits, runs or is watched, and all that was done is counted.

        The end of an answer is seen before its worker has counted it. What stands at a gate is let
        go. For a stack of which nothing was ended.
        """

        def rests() -> bool:
            self.model.let_go()
            return all(map(_rests, [*(api.url for api in self.apis), *self.worker_urls]))

        eventually("the stack to be at rest", rests, 90)

    def add_api(self, port: int | None = None) -> Service:
        """Start one more API process, on the port of one that has ended if need be."""
        origins = {"MILLSTREAM_CORS_ORIGINS": f"http://127.0.0.1:{self.ui_port}"}
        service = start_api({**origins, **self.backends.settings()}, port)
        self.apis.append(service)
        return service

    @contextmanager
    def ui(self, settings: Mapping[str, str] | None = None) -> Iterator[Service]:
        """Serve the page as long as the block lasts."""
        service = start_ui(self.api_url, settings or {}, self.ui_port)
        try:
            yield service
        finally:
            service.process.stop()


_UP = "millstream_dependency_up"
_AT_REST = {
    "millstream_responses_queued",
    "millstream_responses_running",
    "millstream_oldest_queued_seconds",
    "millstream_oldest_running_seconds",
    "millstream_viewers",
    "millstream_worker_busy",
}
"""Figures that are 0 then, each of them of an API or of a worker."""


def _rests(url: str) -> bool:
    scrape = Scrape.of(url)
    # One that an API leaves out is one that a server did not tell in time.
    whole = all(up for (name, _), up in scrape.samples.items() if name == _UP)
    return whole and not any(scrape.samples.get((name, ()), 0) for name in _AT_REST)


@contextmanager
def running_stack(backends: Backends, workers: int = 1, apis: int = 1) -> Iterator[Stack]:
    """Start API and worker processes on migrated, empty backends; stop them at the end.

    Every process must then end by itself on SIGTERM, save those that the test has ended.
    """
    stack = Stack(backends, [], [])
    with ExitStack() as ends:
        ends.callback(_stop_all, stack)
        for _ in range(workers):
            stack.launch_worker()
        for _ in range(apis):
            stack.add_api()
        for worker in stack.workers:
            wait_for_worker(worker)
        yield stack


def _stop_all(stack: Stack) -> None:
    with ExitStack() as ends:
        for process in [*stack.workers, *(api.process for api in stack.apis)]:
            ends.callback(process.stop, 30)
