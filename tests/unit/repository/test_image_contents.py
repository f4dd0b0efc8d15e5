"""What an image's program imports is in the image: `make compose` alone would notice otherwise."""

import json
import re
import subprocess
import sys
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.harness.environment import unmeasured_environment

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")

_FILES = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([one.__file__ for one in sys.modules.values() if getattr(one, "__file__", None)]))
"""
# Of the interpreter's own environment, at each start of it.
_OF_THE_INTERPRETER = {"setuptools", "virtualenv"}


def _imported(*modules: str) -> list[Path]:
    """Every file that a process of its own has loaded, once it has imported these."""
    argv = [sys.executable, "-c", _FILES, *modules]
    env = unmeasured_environment()
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [Path(file) for file in json.loads(done.stdout.splitlines()[-1])]


def _copied(stage: str) -> set[str]:
    """What a stage itself copies from the sources."""
    text = DOCKERFILE.partition(f" AS {stage}\n")[2].partition("\nFROM ")[0]
    found = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text)
    return {source for sources in found for source in sources.split()}


def _is_copied(path: str, copied: set[str]) -> bool:
    return any(fnmatch(path, source) or path.startswith(f"{source}/") for source in copied)


def _locked(name: str) -> set[str]:
    text = (ROOT / f"locks/{name}.txt").read_text("utf-8")
    return set(re.findall(r"(?m)^([\w.-]+)==", text))


@pytest.mark.parametrize(
    ("stage", "lock", "modules"),
    [
        ("load", "load", ["bench.load.locustfile", "bench.scripted_model.__main__"]),
        ("corpus", "worker", ["millstream_embedded.corpus_loader"]),
    ],
)
def test_what_an_image_runs_finds_all_that_it_imports(
    stage: str, lock: str, modules: list[str]
) -> None:
    owners = packages_distributions()
    ours, packages = set(), set()
    for file in _imported(*modules):
        *_, behind = str(file).partition("site-packages/")
        if behind:
            top = re.split(r"[/.]", behind)[0]
            packages |= {re.sub(r"[._]", "-", one).lower() for one in owners.get(top, [])}
        elif file.is_relative_to(ROOT):
            ours.add(str(file.relative_to(ROOT)))

    # Its services are wheels of their own.
    sources = {one for one in ours if not one.startswith("services/")}
    assert sources
    assert [one for one in sorted(sources) if not _is_copied(one, _copied(stage))] == []
    assert packages - _OF_THE_INTERPRETER - {"millstream-contract", "millstream-worker"} <= (
        _locked(lock)
    )
