"""The processes of a chaos run, and a supervisor's part: what was killed is started again."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.scripted_model.client import ScriptedModel
from tests.chaos.nursery import ForkedWorker, Nursery
from tests.harness import warden
from tests.harness.corpus import load_corpus
from tests.harness.ports import free_port
from tests.harness.postgres import PostgresServer
from tests.harness.processes import ServerProcess
from tests.harness.proxy import TcpProxy
from tests.harness.services import Service, launch_api, migrate, wait_until_ready
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer

LEASE_SECONDS = 2.0
_PATIENT_GRACE_SECONDS = 20.0
_SHORT_GRACE_SECONDS = 0.5
_SETTINGS = {
    "MILLSTREAM_LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    # A model that falls silent is given up soon, so that a run sees many of them.
    "MILLSTREAM_MODEL_STALL_SECONDS": "2",
    # Small, so that slow viewers of short answers overflow it.
    "MILLSTREAM_VIEWER_BUFFER_BYTES": "8192",
    "MILLSTREAM_DRAIN_SECONDS": "5",
}


@dataclass
class WorkerSlot:
    """A place for a worker. `patient`: on SIGTERM it finishes its answers, else hands them over."""

    name: str
    settings: Mapping[str, str]
    patient: bool
    proxy: TcpProxy | None = None
    """What stands between this worker and Redis."""
    worker: ForkedWorker | None = None

    @property
    def running(self) -> ForkedWorker:
        """The worker in this place."""
        assert self.worker is not None, f"{self.name} was not started"
        return self.worker


@dataclass
class ApiSlot:
    """A place for an API process, which keeps its port."""

    settings: Mapping[str, str]
    port: int = field(default_factory=free_port)
    service: Service | None = None

    @property
    def url(self) -> str:
        """Its base URL, whether it runs or not."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> ServerProcess:
        """The process in this place."""
        assert self.service is not None, f"the API at {self.url} was not started"
        return self.service.process


@dataclass
class Stage:
    """Two API processes, three workers (the last one behind a proxy), and what they talk to."""

    postgres: PostgresServer
    valkey: ValkeyServer
    model: ScriptedModel
    nursery: Nursery
    database_url: str
    workers: list[WorkerSlot]
    apis: list[ApiSlot]

    @property
    def linked(self) -> WorkerSlot:
        """The worker that reaches Redis through a proxy."""
        return next(slot for slot in self.workers if slot.proxy is not None)

    def launch_worker(self, slot: WorkerSlot) -> None:
        """Put a new worker into a place, without waiting until it takes jobs."""
        slot.worker = self.nursery.launch(slot.settings)

    def launch_api(self, slot: ApiSlot) -> None:
        """Put a new API process into a place, without waiting for it."""
        slot.service = launch_api(slot.settings, slot.port)

    def wait_until_whole(self) -> None:
        """Wait until every worker takes jobs and every API process has what it depends on."""
        for worker in self.workers:
            worker.running.wait_until_ready()
        for api in self.apis:
            assert api.service is not None
            wait_until_ready(api.service, "/readyz")

    def stop(self) -> list[str]:
        """Ask everything to end; give a line for each process that ended wrongly."""
        for slot in self.workers:
            slot.running.signal(signal.SIGTERM)
        codes = {slot.name: slot.running.wait_for_exit() for slot in self.workers}
        for api in self.apis:
            api.process.stop(30)
        return [f"{name} ended with {code}" for name, code in codes.items() if code]


@contextmanager
def open_stage(
    workers: int = 3,
    apis: int = 2,
    extra: Mapping[str, str] | None = None,
    *,
    keep_logs: bool = False,
) -> Iterator[Stage]:
    """Start everything, and kill it at the end of the block.

    extra: settings that win. keep_logs: leave the workers' logs in the temporary directory.
    """
    with ExitStack() as ends:
        nursery = ends.enter_context(Nursery(keep_logs=keep_logs))
        postgres = ends.enter_context(PostgresServer())
        valkey = ends.enter_context(ValkeyServer(appendonly=True))
        model = ends.enter_context(ScriptedModel.start())
        warden.entrust(model.process.pid)
        ends.callback(warden.take_back, model.process.pid)
        proxy = ends.enter_context(TcpProxy(valkey.port))
        database_url = postgres.url(postgres.create_database(name="chaos"))
        migrate(database_url)
        load_corpus(database_url)
        direct = Backends(
            database_url, valkey.url(), model, {**_SETTINGS, **(extra or {})}
        ).settings()
        proxied = {**direct, "REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0"}
        slots = [
            _slot(number, proxied if number == workers - 1 else direct, proxy, workers)
            for number in range(workers)
        ]
        stage = Stage(
            postgres,
            valkey,
            model,
            nursery,
            database_url,
            slots,
            [ApiSlot(direct) for _ in range(apis)],
        )
        ends.callback(_kill_apis, stage)
        for api in stage.apis:
            stage.launch_api(api)
        for slot in stage.workers:
            stage.launch_worker(slot)
        stage.wait_until_whole()
        yield stage


def _slot(number: int, settings: Mapping[str, str], proxy: TcpProxy, workers: int) -> WorkerSlot:
    patient = number % 2 == 0
    grace = _PATIENT_GRACE_SECONDS if patient else _SHORT_GRACE_SECONDS
    own = {**settings, "MILLSTREAM_SHUTDOWN_GRACE_SECONDS": f"{grace:g}"}
    last = number == workers - 1
    return WorkerSlot(f"worker {number + 1}", own, patient, proxy if last else None)


def _kill_apis(stage: Stage) -> None:
    for api in stage.apis:
        if api.service is not None:
            api.process.kill()
