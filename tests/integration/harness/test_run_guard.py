"""A run of pytest by itself, over a test that fails and whose fixture then hangs."""

import subprocess
import sys

import pytest

from tests.harness.deadlines import scaled
from tests.harness.processes import ROOT

_CONFTEST = """
from tests.harness.run_guard import BoundedEnding, FailuresAtOnce

def pytest_configure(config):
    # time enough for the fixture to come to where it hangs
    config.pluginmanager.register(BoundedEnding(seconds=4))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))
"""
_TESTS = """
import threading
import pytest

@pytest.fixture
def never_ending():
    yield
    threading.Event().wait()

def test_that_hangs(never_ending):
    assert "what was seen" == "what was wanted"
"""


@pytest.fixture(scope="module")
def run_with_a_hang(
    tmp_path_factory: pytest.TempPathFactory,
) -> "subprocess.CompletedProcess[str]":
    tmp_path = tmp_path_factory.mktemp("run")
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_one.py").write_text(_TESTS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    plugins = ("-p", "no:dash", "-p", "no:valkey", "-p", "no:langsmith_plugin")
    argv = [sys.executable, "-m", "pytest", *plugins, "-n", "1", "--max-worker-restart", "0"]
    return subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=scaled(150)
    )


def test_a_failed_test_whose_fixture_hangs_does_not_hold_up_the_run(
    run_with_a_hang: "subprocess.CompletedProcess[str]",
) -> None:
    assert run_with_a_hang.returncode == 1
    assert "crashed while running 'test_one.py::test_that_hangs'" in run_with_a_hang.stdout
    assert "in never_ending" in run_with_a_hang.stderr  # the stack of what hung


def test_a_failure_is_told_before_the_run_ends(
    run_with_a_hang: "subprocess.CompletedProcess[str]",
) -> None:
    told, _, _ = run_with_a_hang.stdout.partition("crashed while running")

    assert "call of test_one.py::test_that_hangs failed" in told
    assert "assert 'what was seen' == 'what was wanted'" in told
