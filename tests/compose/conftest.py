"""Images and compose file on this machine's Docker engine.

Without one, ``make compose`` fails: whoever calls it means to have it. A bare pytest over all tests
passes them over, and says so.
"""

import os
from collections.abc import Iterator

import pytest

from tests.compose.engine import ROOT, docker, engine_answers
from tests.compose.project import Project
from tests.harness.deadlines import FACTOR_VARIABLE

_BUILD_SECONDS = 3600
_ENGINE_IS_MEANT = "MILLSTREAM_TEST_ENGINE"
_NO_ENGINE = "no Docker engine with compose answers here: docker version, docker compose version"

# A worker's container takes its time: it imports the model client, and other containers start.
os.environ.setdefault(FACTOR_VARIABLE, "3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pass over what is here where no engine answers: it is the one thing no test can start."""
    ours = [item for item in items if "tests/compose/" in item.nodeid]
    if not ours or engine_answers():
        return
    if os.environ.get(_ENGINE_IS_MEANT):
        raise pytest.UsageError(_NO_ENGINE)
    for item in ours:
        item.add_marker(pytest.mark.skip(reason=_NO_ENGINE))


@pytest.fixture(scope="session")
def images() -> None:
    """Build every image of the compose file, profiles included."""
    docker("compose", "--profile", "*", "build", "--quiet", seconds=_BUILD_SECONDS)


@pytest.fixture(scope="session")
def laptop(images: None) -> Iterator[Project]:
    """Start the compose file as a fresh clone has it."""
    project = Project(ROOT)
    project.down()  # what a killed run may have left
    try:
        project.up()
        yield project
    finally:
        project.down()


@pytest.fixture(scope="session")
def scripted(laptop: Project) -> Project:
    """The same, with three workers, and with the scripted model in the place of the local ones."""
    project = laptop.scripted()
    everything_but_locust = ["scripted-model", "worker", "ingest", "ui", "proxy"]
    project.up("--scale", "worker=3", *everything_but_locust)
    project.wait_for_corpus()
    return project
