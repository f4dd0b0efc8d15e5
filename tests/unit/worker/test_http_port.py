"""The worker's HTTP port: what a probe is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from millstream_worker.observing.beat import SILENCE_SECONDS, Beat
from millstream_worker.observing.http_port import Answers, HttpPort
from millstream_worker.observing.metrics import WorkerMetrics

ALL_WELL = {"postgresql": "ok", "redis": "ok", "model": "unknown"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def listening(beat: Beat, checks: Mapping[str, str] = ALL_WELL) -> Iterator[httpx.Client]:
    port = HttpPort("127.0.0.1", 0, Answers(beat, WorkerMetrics().text, lambda: checks))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port.port}", trust_env=False) as client:
            yield client
    finally:
        port.close()


def test_a_worker_whose_loop_is_silent_for_too_long_is_not_alive() -> None:
    # Given a worker that takes jobs
    clock = Clock()
    beat = Beat(clock)
    beat.is_ready = True
    with listening(beat) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200

        # When its loop is stuck
        clock.now += SILENCE_SECONDS

        # Then it is neither alive nor ready
        assert client.get("/healthz").status_code == 503
        assert client.get("/readyz").json()["checks"]["queue"] == "away"

        # And a sign of life makes it both
        beat.beat()
        assert client.get("/healthz").json() == {"status": "ok", "loop_silent_seconds": 0.0}
        assert client.get("/readyz").status_code == 200


def test_a_worker_that_has_not_registered_yet_is_alive_but_not_ready() -> None:
    with listening(Beat()) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize(("away", "status"), [("postgresql", 503), ("redis", 503), ("model", 200)])
def test_readiness_names_who_is_away_and_the_model_alone_makes_none_unready(
    away: str, status: int
) -> None:
    beat = Beat()
    beat.is_ready = True

    with listening(beat, {**ALL_WELL, away: "away"}) as client:
        answer = client.get("/readyz")

    assert answer.status_code == status
    assert answer.json()["checks"][away] == "away"


def test_metrics_are_in_the_format_of_prometheus() -> None:
    with listening(Beat()) as client:
        answer = client.get("/metrics")

    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert answer.headers["content-type"].startswith("text/plain")
    assert {"millstream_first_token_seconds", "process_cpu_seconds"} <= names


def test_another_path_is_answered_404() -> None:
    with listening(Beat()) as client:
        assert client.get("/").status_code == 404


def test_a_worker_that_drains_is_alive_and_not_ready_however_long_it_takes() -> None:
    # Given a worker that takes jobs
    clock = Clock()
    beat = Beat(clock)
    beat.is_ready = True
    with listening(beat) as client:
        # When it is told to end, which ends its loop, and its jobs take their time
        beat.end()
        clock.now += 10 * SILENCE_SECONDS

        # Then nobody need restart it, and nobody is to wait for it
        assert client.get("/healthz").json() == {"status": "ok", "loop_silent_seconds": 0.0}
        assert client.get("/readyz").status_code == 503
