"""Fixtures for all tests; see tests/harness/README.md."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from bench.scripted_model.client import ScriptedModel
from tests.browser import browser, context, page  # noqa: F401  (fixtures)
from tests.harness import run_guard, warden
from tests.harness.corpus import load_corpus
from tests.harness.environment import bytecode_directory
from tests.harness.postgres import PostgresServer
from tests.harness.servers import Servers
from tests.harness.services import migrate
from tests.harness.stack import UNHURRIED, Backends, Stack, running_stack
from tests.harness.valkey import ValkeyServer

# Nothing here is timed; and a run that has passed passes again: it tries the same examples.
settings.register_profile("untimed", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Let every process that a test starts keep its compiled modules."""
    run_guard.install(config)
    if config.getoption("--hypothesis-profile", default=None) is None:
        settings.load_profile("untimed")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(bytecode_directory()))


@pytest.fixture(scope="session")
def scripted_model() -> Iterator[ScriptedModel]:
    """A model server whose answers are written in the question."""
    with ScriptedModel.start() as model:
        warden.entrust(model.process.pid)
        yield model
    warden.take_back(model.process.pid)


@pytest.fixture(autouse=True)
def nothing_stays_held(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test has left standing at a gate goes on: no other test finds it running."""
    uses_model = "scripted_model" in request.fixturenames
    model: ScriptedModel | None = request.getfixturevalue("scripted_model") if uses_model else None
    yield
    if model is not None:
        model.let_go()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that tests share; nobody stops it."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> str:
    """The name of a database with our newest schema, to be copied and never changed."""
    name = postgres.create_database(name="migrated_template")
    migrate(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def corpus_template(postgres: PostgresServer, migrated_template: str) -> str:
    """The name of a database with our schema and the passages of tests/harness/corpus.py."""
    name = postgres.create_database(migrated_template, "corpus_template")
    load_corpus(postgres.url(name))
    return name


@pytest.fixture
def database_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database for one test."""
    with postgres.temporary_database(migrated_template) as url:
        yield url


@pytest.fixture
def corpus_database_url(postgres: PostgresServer, corpus_template: str) -> Iterator[str]:
    """The URL of a migrated database with a few passages for one test."""
    with postgres.temporary_database(corpus_template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database without any schema for one test."""
    with postgres.temporary_database() as url:
        yield url


@pytest.fixture
def private_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that a test may kill; without our schema."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey that tests share; nobody stops it or reaches across its databases."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> Iterator[str]:
    """The URL of an empty logical database for one test."""
    with valkey.temporary_database() as url:
        yield url


@pytest.fixture
def private_valkey() -> Iterator[ValkeyServer]:
    """A Valkey that a test may kill; it keeps its data over a restart when told to."""
    with ValkeyServer(appendonly=True) as server:
        yield server


@pytest.fixture
def backends(corpus_database_url: str, redis_url: str, scripted_model: ScriptedModel) -> Backends:
    """What services of one test are pointed at."""
    return Backends(corpus_database_url, redis_url, scripted_model)


@pytest.fixture(scope="session")
def servers(
    postgres: PostgresServer, valkey: ValkeyServer, scripted_model: ScriptedModel
) -> Servers:
    """The shared servers, for fixtures that lend databases for longer than one test."""
    return Servers(postgres, valkey, scripted_model)


@pytest.fixture(scope="session")
def stack(servers: Servers, corpus_template: str) -> Iterator[Stack]:
    """One API and one worker that tests share: ask anything, end nothing."""
    with (
        servers.backends(corpus_template, UNHURRIED) as backends,
        running_stack(backends) as running,
    ):
        yield running
