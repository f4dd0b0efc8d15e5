import json
import os
import subprocess
import sys
from pathlib import Path

from tests.harness.environment import measured_with_greenlets

_SHOW = """
import coverage, json
print(json.dumps(coverage.Coverage.current().config.concurrency))
"""


def test_a_program_whose_threads_are_greenlets_is_measured_as_such(tmp_path: Path) -> None:
    told = {**os.environ, "COVERAGE_PROCESS_CONFIG": "what measures the test run"}

    environment = measured_with_greenlets(told)

    environment["COVERAGE_FILE"] = str(tmp_path / "coverage")
    shown = subprocess.check_output([sys.executable, "-c", _SHOW], env=environment, cwd=tmp_path)
    assert json.loads(shown) == ["thread", "gevent"]
    assert "COVERAGE_PROCESS_CONFIG" in told


def test_a_program_that_nobody_measures_is_left_alone() -> None:
    assert measured_with_greenlets({"HOME": "here"}) == {"HOME": "here"}
