"""One worker that the tests of this folder share; who ends one starts its own."""

from collections.abc import Iterator

import pytest

from bench.scripted_model.client import ScriptedModel
from millstream_worker.answering.chat import ChatModel
from tests.harness.postgres import PostgresServer
from tests.harness.processes import ServerProcess
from tests.harness.services import start_worker
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer
from tests.integration.worker.chat_models import chat_model_at
from tests.integration.worker.desk import Desk, open_desk


@pytest.fixture(scope="package")
def desk(desk_and_worker: tuple[Desk, ServerProcess]) -> Desk:
    """A desk before a running worker."""
    return desk_and_worker[0]


@pytest.fixture(scope="package")
def worker(desk_and_worker: tuple[Desk, ServerProcess]) -> ServerProcess:
    """The worker behind the desk."""
    return desk_and_worker[1]


@pytest.fixture(scope="package")
def desk_and_worker(
    postgres: PostgresServer,
    migrated_template: str,
    valkey: ValkeyServer,
    scripted_model: ScriptedModel,
) -> Iterator[tuple[Desk, ServerProcess]]:
    """Both, sharing their servers with nobody."""
    settings = {"MILLSTREAM_MODEL_STALL_SECONDS": "2", "MILLSTREAM_MODEL_RETRIES": "1"}
    with (
        postgres.temporary_database(migrated_template) as database_url,
        valkey.temporary_database() as redis_url,
        open_desk(database_url, redis_url, scripted_model) as desk,
    ):
        backends = Backends(database_url, redis_url, scripted_model, settings)
        worker = start_worker(backends.settings())
        yield desk, worker
        worker.stop(30)


@pytest.fixture
def chat(scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> ChatModel:
    """The worker's chat model, over the scripted one."""
    return chat_model_at(scripted_model.url, monkeypatch)
