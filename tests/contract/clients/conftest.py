"""One stack for all clients that nobody here wrote; the page that they run in may call it."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from bench.scripted_model.client import ScriptedModel
from tests.harness.ports import free_port
from tests.harness.postgres import PostgresServer
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer


@pytest.fixture(scope="package")
def page_port() -> int:
    """Where a test serves its page."""
    return free_port()


@pytest.fixture(scope="package")
def stack(
    postgres: PostgresServer,
    corpus_template: str,
    valkey: ValkeyServer,
    scripted_model: ScriptedModel,
    page_port: int,
) -> Iterator[Stack]:
    """API and worker, to be asked anything and left whole."""
    origin = {"MILLSTREAM_CORS_ORIGINS": f"http://127.0.0.1:{page_port}"}
    with (
        postgres.temporary_database(corpus_template) as database_url,
        valkey.temporary_database() as redis_url,
        running_stack(Backends(database_url, redis_url, scripted_model, origin)) as running,
    ):
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[OpenAI]:
    """The official client, unmodified but for its base URL."""
    with OpenAI(base_url=f"{stack.api_url}/v1", api_key="none", max_retries=0) as client:
        yield client
