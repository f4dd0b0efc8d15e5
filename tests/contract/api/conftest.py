"""A stack of its own for generated requests: they delete and ask what they like."""

from collections.abc import Iterator

import pytest

from bench.scripted_model.client import ScriptedModel
from tests.contract.api.fuzzing import Fuzzer
from tests.harness.postgres import PostgresServer
from tests.harness.stack import Backends, running_stack
from tests.harness.valkey import ValkeyServer

_figures = pytest.StashKey[list[str]]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how much was tried."""
    for line in config.stash.get(_figures, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="package")
def fuzzer(
    postgres: PostgresServer,
    corpus_template: str,
    valkey: ValkeyServer,
    scripted_model: ScriptedModel,
    pytestconfig: pytest.Config,
) -> Iterator[Fuzzer]:
    """Sends generated requests, and counts what came back."""
    with (
        postgres.temporary_database(corpus_template) as database_url,
        valkey.temporary_database() as redis_url,
        running_stack(Backends(database_url, redis_url, scripted_model)) as stack,
        stack.client() as client,
    ):
        fuzzer = Fuzzer(stack, client)
        yield fuzzer
        counted = dict(sorted(fuzzer.statuses.items()))
        total = sum(counted.values())
        pytestconfig.stash.setdefault(_figures, []).append(
            f"generated requests: {total}, by status {counted}; {fuzzer.events} events read"
        )
