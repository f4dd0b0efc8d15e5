"""What probes and metrics say while something is away, and after a process has died."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from bench.scripted_model.client import ScriptedModel
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually, scaled
from tests.harness.ports import free_port
from tests.harness.scrape import Scrape
from tests.harness.services import Service, start_api, start_worker
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer

_ACCEPTED = "millstream_responses_accepted_total"
_SILENT = "millstream_worker_loop_silent_seconds"


@pytest.fixture
def own_backends(
    corpus_database_url: str, private_valkey: ValkeyServer, scripted_model: ScriptedModel
) -> Backends:
    return Backends(corpus_database_url, private_valkey.url(), scripted_model)


@pytest.fixture
def sharing_api(backends: Backends, tmp_path: Path) -> Iterator[Service]:
    """An API whose processes share their figures by files."""
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    service = start_api({**backends.settings(), **shared})
    yield service
    service.process.stop(30)


def _status(url: str) -> int:
    return httpx.get(url, trust_env=False, timeout=scaled(30)).status_code


def _accept(api: Service) -> None:
    with ApiClient(api.url) as client:
        client.start("What is a log?")


def test_what_a_killed_process_had_counted_stays_counted(sharing_api: Service) -> None:
    # Given a process that has accepted a question
    _accept(sharing_api)
    assert Scrape.of(sharing_api.url)(_ACCEPTED) == 1

    # When it is killed, and another serves in its place
    (serving,) = psutil.Process(sharing_api.process.pid).children()
    serving.kill()

    def another_serves() -> bool:
        try:
            return _status(f"{sharing_api.url}/readyz") == 200
        except httpx.TransportError:
            return False

    eventually("another process to serve", another_serves, 30)
    _accept(sharing_api)

    # Then both count, and what is open now is what the living have open
    scrape = Scrape.with_answers_of(sharing_api.url, "redis")
    assert scrape(_ACCEPTED) == 2
    assert scrape("millstream_viewers") == 0


def test_switched_off_nobody_gets_metrics(backends: Backends) -> None:
    api = start_api({**backends.settings(), "MILLSTREAM_METRICS": "off"})
    try:
        assert _status(f"{api.url}/metrics") == 404
    finally:
        api.process.stop(30)


def test_a_worker_that_waits_for_redis_is_alive_and_ready_again_when_it_is_back(
    own_backends: Backends, private_valkey: ValkeyServer
) -> None:
    # Given a worker that takes jobs
    port = free_port()
    settings = {
        **own_backends.settings(),
        "MILLSTREAM_WORKER_HTTP_PORT": str(port),
        "MILLSTREAM_REDIS_TIMEOUT_SECONDS": "1",
    }
    worker = start_worker(settings)
    url = f"http://127.0.0.1:{port}"

    def status(path: str) -> int:
        return _status(f"{url}{path}")

    def beats() -> bool:
        """Whether its loop gives a sign of life between two looks."""
        earlier = Scrape.of(url)(_SILENT)
        return Scrape.of(url)(_SILENT) < earlier

    try:
        assert status("/readyz") == 200

        # When Redis dies
        private_valkey.kill()

        # Then the worker is not ready, but alive: its loop waits
        eventually("the worker to be unready", lambda: status("/readyz") == 503, 30)
        eventually("a sign of life", beats, 30)
        assert status("/healthz") == 200

        # And when Redis is back, it is ready
        private_valkey.restart()
        eventually("the worker to be ready", lambda: status("/readyz") == 200, 30)
        eventually("a sign of life", beats, 30)
    finally:
        worker.stop(30)


def test_an_api_without_its_servers_is_scraped_all_the_same(
    own_backends: Backends, private_valkey: ValkeyServer
) -> None:
    api = start_api(own_backends.settings())
    try:
        private_valkey.kill()

        scrape = Scrape.with_answers_of(api.url, "postgresql")

        assert scrape("millstream_dependency_up", dependency="redis") == 0
        assert "millstream_responses_queued" not in scrape.names
        assert "millstream_oldest_queued_seconds" in scrape.names
        private_valkey.restart()
    finally:
        api.process.stop(30)
