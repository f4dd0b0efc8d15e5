"""Images and compose file on this machine's Docker engine; skipped, and said so, without one."""

import pytest

from tests.compose.engine import docker, engine_answers

_BUILD_SECONDS = 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is here where no engine answers: it is the one thing that a test cannot start."""
    ours = [item for item in items if "tests/compose/" in item.nodeid]
    if not ours or engine_answers():
        return
    for item in ours:
        item.add_marker(pytest.mark.skip(reason="no Docker engine answers here (docker version)"))


@pytest.fixture(scope="session")
def images() -> None:
    """Build every image of the compose file, profiles included."""
    docker("compose", "--profile", "*", "build", "--quiet", seconds=_BUILD_SECONDS)
