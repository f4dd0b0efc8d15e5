"""The lock files hold what the packages ask for, and nothing that must not be in an image."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
SERVICES = {
    "contract": ["services/contract"],
    "api": ["services/contract", "services/api"],
    "worker": ["services/contract", "services/worker"],
    "ui": ["services/ui"],
    "models": ["services/models"],
}
ALL = [*SERVICES["api"], "services/worker", "services/ui", "services/models", "embedded"]
LOCKS: dict[str, list[str]] = {**SERVICES, "build": [], "load": [], "embedded": ALL, "dev": ALL}
GROUPS = {
    "build": ["build"],
    "load": ["load"],
    "embedded": ["build"],
    "dev": ["build", "load", "dev"],
}

_MODEL_CODE = re.compile(r"mlflow|databricks|langgraph|langchain|langsmith|pyarrow|openai")


def _pins(lock: str) -> dict[str, set[str]]:
    """Give the versions of each package; more than one where a marker chooses."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / f"locks/{lock}.txt").read_text().splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line):
            pins.setdefault(canonicalize_name(found[1]), set()).add(found[2])
    return pins


def _dependencies(lock: str) -> Iterator[Requirement]:
    for folder in LOCKS[lock]:
        project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
        yield from map(Requirement, project["dependencies"])
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for group in GROUPS.get(lock, []):
        yield from (Requirement(one) for one in groups[group] if isinstance(one, str))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_within_its_range(lock: str) -> None:
    pins = _pins(lock)

    wanted = [one for one in _dependencies(lock) if not one.name.startswith("millstream-")]

    missing = [one.name for one in wanted if canonicalize_name(one.name) not in pins]
    outside = [
        f"{one}, pinned {version}"
        for one in wanted
        for version in pins.get(canonicalize_name(one.name), ())
        if version not in one.specifier
    ]
    assert wanted
    assert not missing, "run `make locks`"
    assert not outside, "run `make locks`"


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock != "dev"])
def test_a_package_has_one_version_in_every_lock(lock: str) -> None:
    everywhere = _pins("dev")

    other = {
        name: versions
        for name, versions in _pins(lock).items()
        if not versions <= everywhere.get(name, set())
    }

    assert not other, "run `make locks`"


@pytest.mark.parametrize("lock", ["api", "ui", "contract", "models", "build"])
def test_images_without_models_carry_no_model_package(lock: str) -> None:
    carried = [name for name in _pins(lock) if _MODEL_CODE.search(name)]

    assert not carried


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_held_by_a_hash(lock: str) -> None:
    text = (ROOT / f"locks/{lock}.txt").read_text()

    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]

    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("lock", [*LOCKS, "overrides"])
def test_a_lock_names_no_host_and_no_place_of_a_machine(lock: str) -> None:
    text = (ROOT / f"locks/{lock}.txt").read_text()

    assert not re.search(r"://|--index-url|--find-links|--extra-index|file:| /", text)


def test_our_own_packages_come_from_this_repository_alone() -> None:
    ours = {lock: [name for name in _pins(lock) if name.startswith("millstream")] for lock in LOCKS}

    assert not any(ours.values())
