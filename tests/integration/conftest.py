"""Fixtures for tests over running services."""

from collections.abc import Iterator

import pytest

from bench.scripted_model.client import ScriptedModel
from tests.harness.postgres import PostgresServer
from tests.harness.stack import Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer


@pytest.fixture(scope="session")
def stack(
    postgres: PostgresServer,
    migrated_template: str,
    valkey: ValkeyServer,
    scripted_model: ScriptedModel,
) -> Iterator[Stack]:
    """One API and one worker that tests share: ask anything, end nothing."""
    with (
        postgres.temporary_database(migrated_template) as database_url,
        valkey.temporary_database() as redis_url,
        running_stack(Backends(database_url, redis_url, scripted_model)) as running,
    ):
        yield running
