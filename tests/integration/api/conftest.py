"""An API process without a worker, which tests share: the test writes the answers itself."""

from collections.abc import Callable, Iterator

import pytest

from bench.scripted_model.client import ScriptedModel
from tests.harness.api_client import ApiClient
from tests.harness.postgres import PostgresServer
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer
from tests.integration.api.scribe import Scribe

# A short net below the subscription: a test that falls into it need not wait long.
_SETTINGS = {"MILLSTREAM_RECHECK_SECONDS": "0.5", "MILLSTREAM_MAX_INPUT_CHARACTERS": "2000"}


@pytest.fixture(scope="package")
def shared_backends(
    postgres: PostgresServer,
    migrated_template: str,
    valkey: ValkeyServer,
    scripted_model: ScriptedModel,
) -> Iterator[Backends]:
    """What the shared API is pointed at."""
    with (
        postgres.temporary_database(migrated_template) as database_url,
        valkey.temporary_database() as redis_url,
    ):
        yield Backends(database_url, redis_url, scripted_model, _SETTINGS)


@pytest.fixture(scope="package")
def api(shared_backends: Backends) -> Iterator[Service]:
    """The API that tests share and leave whole."""
    service = start_api(shared_backends.settings())
    yield service
    service.process.stop(30)


@pytest.fixture
def client(api: Service) -> Iterator[ApiClient]:
    """A client of the API."""
    with ApiClient(api.url) as client:
        yield client


@pytest.fixture
def scribe_of(shared_backends: Backends) -> Iterator[Callable[[str], Scribe]]:
    """Make a scribe for a response."""
    made: list[Scribe] = []

    def make(response_id: str) -> Scribe:
        backends = shared_backends
        made.append(Scribe(backends.database_url, backends.redis_url, response_id))
        return made[-1]

    yield make
    for scribe in made:
        scribe.__exit__(None, None, None)
