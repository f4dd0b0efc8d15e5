"""One stack for all clients that nobody here wrote; the page that they run in may call it."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.harness.ports import free_port
from tests.harness.servers import Servers
from tests.harness.stack import Stack, running_stack


@pytest.fixture(scope="package")
def page_port() -> int:
    """Where a test serves its page."""
    return free_port()


@pytest.fixture(scope="package")
def stack(
    servers: Servers,
    corpus_template: str,
    page_port: int,
) -> Iterator[Stack]:
    """API and worker, to be asked anything and left whole."""
    settings = {
        "MILLSTREAM_CORS_ORIGINS": f"http://127.0.0.1:{page_port}",
        # No worker is lost here: one that stands still for a while is not taken for dead.
        "MILLSTREAM_LEASE_SECONDS": "10",
    }
    with (
        servers.backends(corpus_template, settings) as backends,
        running_stack(backends) as running,
    ):
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[OpenAI]:
    """The official client, unmodified but for its base URL."""
    with OpenAI(base_url=f"{stack.api_url}/v1", api_key="none", max_retries=0) as client:
        yield client
