"""One worker that the tests of this folder share; who ends one starts its own."""

from collections.abc import Iterator

import pytest

from bench.scripted_model.client import ScriptedModel
from millstream_worker.answering.chat import ChatModel
from tests.harness.processes import ServerProcess
from tests.harness.servers import Servers
from tests.integration.worker.chat_models import chat_model_at
from tests.integration.worker.desk import Desk, staffed_desk


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
    servers: Servers, migrated_template: str
) -> Iterator[tuple[Desk, ServerProcess]]:
    """Both, sharing their servers with nobody."""
    settings = {"MILLSTREAM_MODEL_RETRIES": "1"}
    with (
        servers.backends(migrated_template, settings) as backends,
        staffed_desk(backends) as staffed,
    ):
        yield staffed


@pytest.fixture
def chat(scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> ChatModel:
    """The worker's chat model, over the scripted one."""
    return chat_model_at(scripted_model.url, monkeypatch)
