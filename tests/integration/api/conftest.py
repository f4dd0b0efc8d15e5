"""An API process without a worker, which tests share: the test writes the answers itself."""

from collections.abc import Callable, Iterator

import pytest

from tests.harness.api_client import ApiClient
from tests.harness.servers import Servers
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe

# A short net below the subscription: a test that falls into it need not wait long.
_SETTINGS = {"MILLSTREAM_RECHECK_SECONDS": "0.5", "MILLSTREAM_MAX_INPUT_CHARACTERS": "2000"}


@pytest.fixture(scope="package")
def shared_backends(servers: Servers, migrated_template: str) -> Iterator[Backends]:
    """What the shared API is pointed at."""
    with servers.backends(migrated_template, _SETTINGS) as backends:
        yield backends


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
