"""A stack of its own for generated requests: they delete and ask what they like."""

from collections.abc import Iterator

import pytest

from tests.contract.api.fuzzing import Fuzzer
from tests.harness.servers import Servers
from tests.harness.stack import running_stack

_figures = pytest.StashKey[list[str]]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how much was tried."""
    for line in config.stash.get(_figures, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="package")
def fuzzer(
    servers: Servers,
    corpus_template: str,
    pytestconfig: pytest.Config,
) -> Iterator[Fuzzer]:
    """Sends generated requests, and counts what came back."""
    with (
        servers.backends(corpus_template) as backends,
        running_stack(backends) as stack,
        stack.client() as client,
    ):
        fuzzer = Fuzzer(stack, client)
        yield fuzzer
        counted = dict(sorted(fuzzer.statuses.items()))
        total = sum(counted.values())
        pytestconfig.stash.setdefault(_figures, []).append(
            f"generated requests: {total}, by status {counted}; {fuzzer.events} events read"
        )
