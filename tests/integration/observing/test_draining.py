"""What a worker's port says while it drains: neither stuck nor ready, however long that takes."""

import os
import signal
import uuid

import httpx

from bench.scripted_model.script import Script
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually, scaled
from tests.harness.ports import free_port
from tests.harness.scrape import Scrape
from tests.harness.services import start_api, start_worker
from tests.harness.stack import UNHURRIED, Backends


def test_a_worker_that_finishes_its_answers_before_it_ends_is_alive_and_not_stuck(
    backends: Backends,
) -> None:
    # Given a worker in the middle of an answer that takes its time
    port = free_port()
    gate = uuid.uuid4().hex
    script = Script(tokens=40, gate=(gate, 10))
    settings = {**backends.settings(), **UNHURRIED}
    long = {"MILLSTREAM_SHUTDOWN_GRACE_SECONDS": "600", "MILLSTREAM_WORKER_HTTP_PORT": str(port)}
    url = f"http://127.0.0.1:{port}"
    api = start_api(settings)
    worker = start_worker({**settings, **long})
    try:
        with (
            ApiClient(api.url) as client,
            client.stream(f"What is a log? {script.directive()}") as stream,
        ):
            stream.until_text(1)

            # When it is told to end
            os.kill(worker.pid, signal.SIGTERM)
            silent = "millstream_worker_loop_silent_seconds"
            eventually(
                "its loop to end, which is no silence", lambda: Scrape.of(url)(silent) == 0, 30
            )

            # Then it takes no more, and nobody need kill it
            assert _status(f"{url}/readyz") == 503
            assert Scrape.of(url)("millstream_worker_busy") == 1
            assert _status(f"{url}/healthz") == 200

            # And the answer comes to its end
            backends.model.open_gate(gate)
            seen = stream.to_end()
        assert seen.text == script.text
        assert worker.wait_for_exit(30) == 0
    finally:
        worker.kill()
        api.process.stop(30)


def _status(url: str) -> int:
    return httpx.get(url, trust_env=False, timeout=scaled(30)).status_code
