"""Set-up on machines that lack something: it says what to type, and a second time does nothing."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NEITHER_VENV_NOR_PIP = """#!/bin/sh
case "${2:-}" in venv | pip) exit 1 ;; esac
exec /usr/bin/python3 "$@"
"""


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def _run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(script.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the scripts, to be changed at will."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    return tmp_path


def test_a_machine_without_venv_pip_and_root_is_told_what_to_type(clone: Path) -> None:
    python = _write(clone / "bin/python3", NEITHER_VENV_NOR_PIP)
    _write(clone / "scripts/get-python", f"#!/bin/sh\necho {python}\n")
    _write(clone / "bin/id", "#!/bin/sh\necho 1000\n")

    done = _run(clone / "scripts/get-uv", PATH=f"{clone}/bin:/usr/bin:/bin")

    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (clone / ".uv").exists()


def test_a_uv_on_the_path_that_is_new_enough_is_used(clone: Path) -> None:
    uv = _write(clone / "bin/uv", "#!/bin/sh\necho 'uv 99.1.0 (abc)'\n")

    done = _run(clone / "scripts/get-uv", PATH=f"{uv.parent}:/usr/bin:/bin")

    assert (done.returncode, done.stdout.strip()) == (0, str(uv))


def test_a_uv_on_the_path_that_is_too_old_is_passed_over(clone: Path) -> None:
    old = _write(clone / "bin/uv", "#!/bin/sh\necho 'uv 0.4.30'\n")
    ours = _write(clone / ".uv/bin/uv", "#!/bin/sh\necho 'uv 0.13.9 (abc)'\n")

    done = _run(clone / "scripts/get-uv", PATH=f"{old.parent}:/usr/bin:/bin")

    assert (done.returncode, done.stdout.strip()) == (0, str(ours))


def test_a_python_that_is_too_old_is_named(clone: Path) -> None:
    _write(clone / "bin/oldpython", "#!/bin/sh\nexit 1\n")

    done = _run(clone / "scripts/get-python", PYTHON=str(clone / "bin/oldpython"))

    assert done.returncode == 1
    assert "oldpython is no Python 3.11 or newer" in done.stderr


FAKE_UV = """#!/bin/sh
[ "$1" = --version ] && echo 'uv 99.1.0' && exit
echo "$@" >>calls
[ "$1" != venv ] || { mkdir -p .venv/bin && ln -s /bin/true .venv/bin/python; }
"""


@pytest.fixture
def set_up(clone: Path) -> Callable[[str], list[str]]:
    """Set up with a uv that only takes notes; gives what it was told."""
    shutil.copytree(ROOT / "locks", clone / "locks")
    (clone / ".gitignore").touch()
    for project in [*ROOT.glob("services/*/pyproject.toml"), ROOT / "embedded/pyproject.toml"]:
        target = clone / project.relative_to(ROOT)
        target.parent.mkdir(parents=True)
        shutil.copy(project, target)
    uv = _write(clone / "bin/uv", FAKE_UV)
    calls = clone / "calls"

    def run(lock: str) -> list[str]:
        calls.write_text("")
        done = _run(clone / "scripts/setup", lock, PATH=f"{uv.parent}:{os.environ['PATH']}")
        assert done.returncode == 0, done.stderr
        return calls.read_text().splitlines()

    return run


def test_what_is_set_up_is_not_set_up_again(set_up: Callable[[str], list[str]]) -> None:
    assert set_up("embedded")

    assert set_up("embedded") == []


def test_the_development_set_up_holds_all_that_running_needs(
    set_up: Callable[[str], list[str]],
) -> None:
    set_up("embedded")

    assert set_up("dev")
    assert set_up("embedded") == []
    assert set_up("dev") == []


def test_a_changed_lock_is_installed(set_up: Callable[[str], list[str]], clone: Path) -> None:
    set_up("dev")

    with (clone / "locks/dev.txt").open("a") as lock:
        lock.write("# changed\n")

    assert any("locks/dev.txt" in call for call in set_up("dev"))


def test_only_what_a_lock_pins_by_hash_is_installed_and_nothing_taken_out(
    set_up: Callable[[str], list[str]],
) -> None:
    made, from_lock, ours = set_up("embedded")

    assert made.startswith("venv")
    assert from_lock.startswith("pip install")
    assert {"--require-hashes", "--no-deps"} <= set(from_lock.split())
    assert {"--no-deps", "--no-build-isolation"} <= set(ours.split())
