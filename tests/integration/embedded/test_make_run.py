"""The documented command itself: `make run`, and what ends it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.scripted_model.client import ScriptedModel
from tests.harness.stack import Backends
from tests.integration.embedded.instances import RunningInstance, assert_all_gone


@pytest.fixture
def instance(
    tmp_path: Path, scripted_model: ScriptedModel, empty_database_url: str, redis_url: str
) -> Iterator[RunningInstance]:
    """`make run` beside servers and models of the tests' own."""
    given = Backends(empty_database_url, redis_url, scripted_model).settings()
    running = RunningInstance(tmp_path / "data", command=["make", "run"], **given)
    yield running
    running.process.kill()


def test_the_urls_are_shown_when_it_is_ready(instance: RunningInstance) -> None:
    instance.wait_until_ready(180)

    instance.process.wait_for_line(rf"page +http://127\.0\.0\.1:{instance.ui_port}$")
    instance.process.wait_for_line(rf"API +http://127\.0\.0\.1:{instance.api_port}$")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_make(instance: RunningInstance, number: signal.Signals) -> None:
    instance.process.wait_for_line("spawned: 'api'", 60)
    family = instance.family()
    assert len(family) > 3

    psutil.Process(instance.process.pid).send_signal(number)

    assert_all_gone(family, 60)
