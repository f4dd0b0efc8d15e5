"""One stage for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.chaos.stage import Stage, open_stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Two API processes, three workers, PostgreSQL, Valkey, the scripted model."""
    with open_stage() as stage:
        yield stage
