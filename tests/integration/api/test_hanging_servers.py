"""A server behind the API that hangs, instead of being gone, holds no request up for ever."""

import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from bench.scripted_model.client import ScriptedModel
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually, scaled
from tests.harness.proxy import TcpProxy
from tests.harness.services import start_api
from tests.harness.stack import Backends

# Longer than a process stands still by chance: what is asked before the stall is accepted.
_SETTINGS = {"MILLSTREAM_DATABASE_TIMEOUT_SECONDS": "3"}


@pytest.fixture
def network(database_url: str) -> Iterator[TcpProxy]:
    """The network between the API and PostgreSQL."""
    port = urlsplit(database_url).port
    assert port is not None
    with closing(TcpProxy(port)) as proxy:
        yield proxy


@pytest.fixture
def client(
    network: TcpProxy, database_url: str, redis_url: str, scripted_model: ScriptedModel
) -> Iterator[ApiClient]:
    url = urlsplit(database_url)._replace(netloc=f"postgres@127.0.0.1:{network.port}")
    backends = Backends(urlunsplit(url), redis_url, scripted_model, _SETTINGS)
    api = start_api(backends.settings())
    with ApiClient(api.url) as client:
        yield client
    api.process.stop(30)


def test_a_question_is_refused_while_postgresql_hangs_and_accepted_when_it_goes_on(
    client: ApiClient, network: TcpProxy
) -> None:
    client.start("What is a log?")
    network.stall()

    begun = time.monotonic()
    refused = client.http.post("/v1/responses", json={"input": "Still there?"})

    assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert time.monotonic() - begun < scaled(15)
    assert client.http.get("/readyz").json()["checks"] == {"postgresql": "away", "redis": "ok"}
    network.restore()
    eventually("readiness", lambda: client.http.get("/readyz").is_success, 20)
    assert client.start("And now?")["status"] == "queued"
