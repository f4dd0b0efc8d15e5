"""A test run tells each failure when it happens, and comes to an end whatever hangs.

pytest-timeout interrupts a test once, and at the first failure both it and pytest's faulthandler
stop their clocks, for a debugger's sake. What hangs after that (a fixture that waits for a thread
of the failed test) would hold up the run for ever.
"""

import faulthandler
import os
from collections.abc import Iterator

import pytest

from tests.harness.deadlines import scaled

_ENDING_SECONDS = 120.0


class BoundedEnding:
    """Ends the process, with all its threads' stacks, when a failed test's fixtures do not end.

    xdist names the test then, and ends the run; the warden ends what the process had started.
    """

    def __init__(self, seconds: float = _ENDING_SECONDS) -> None:
        self._seconds = scaled(seconds)
        # while a test runs, what goes to the usual one is collected for its report
        self._stderr = os.dup(2)

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector) -> None:
        """Start the clock again after the others have stopped theirs; the test's end stops it."""
        if isinstance(node, pytest.Item):
            faulthandler.dump_traceback_later(self._seconds, file=self._stderr, exit=True)


class FailuresAtOnce:
    """Prints every failure when it is reported: a run that is killed has told what it found."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Iterator[None]:
        """Print the report of a phase that failed, below the row of dots."""
        yield
        terminal = self._plugins.get_plugin("terminalreporter")
        if report.failed and isinstance(terminal, pytest.TerminalReporter):
            terminal.ensure_newline()
            terminal.write_sep("-", f"{report.when} of {report.nodeid} failed")
            terminal.write_line(report.longreprtext)


def install(config: pytest.Config) -> None:
    """Have this process guarded: it runs tests, or tells of those that others run, or both."""
    config.pluginmanager.register(BoundedEnding())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))
