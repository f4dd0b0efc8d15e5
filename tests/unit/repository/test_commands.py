"""The documented commands are there, and do what `make help` says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAKEFILE = (ROOT / "Makefile").read_text()
SHELL_SCRIPTS = [
    path for path in sorted((ROOT / "scripts").iterdir()) if path.is_file() and not path.suffix
]


def _targets() -> list[str]:
    return re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE)


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert re.findall(r"^make ([a-z]+)", listed, re.MULTILINE) == _targets()
    assert {"run", "test", "check"} <= set(_targets())


def test_every_target_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    assert phony
    assert phony[1].split() == _targets()


def test_every_script_that_a_command_names_is_there_and_executable() -> None:
    texts = [MAKEFILE, (ROOT / ".ci/run").read_text()]
    texts += [script.read_text() for script in SHELL_SCRIPTS]

    named = {name for text in texts for name in re.findall(r"scripts/[a-z-]+\b", text)}

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).stat().st_mode & 0o111] == []


@pytest.mark.parametrize(
    "script",
    [ROOT / ".ci/run", *SHELL_SCRIPTS],
    ids=lambda path: path.name,
)
def test_every_shell_script_is_sound_and_stops_at_an_error(script: Path) -> None:
    shell, *_ = script.read_text().splitlines()

    parsed = subprocess.run([shell.split()[-1].split("/")[-1], "-n", script], check=False)

    assert parsed.returncode == 0
    assert re.search(r"^set -eu", script.read_text(), re.MULTILINE)


def test_the_fences_between_packages_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")

    checked = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout
