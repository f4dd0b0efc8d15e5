"""The Dockerfile keeps its rules; what only an engine can tell is in tests/compose."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
IMAGES = {"api", "worker", "ui", "models", "corpus", "load"}


def _instructions(stage: str) -> list[tuple[str, str]]:
    """Give a stage's instructions, those of the stages that it stands on first."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE))
    stages: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            stages[alias] = (base, [])
        elif stages:
            list(stages.values())[-1][1].append((name, rest.strip()))
    base, own = stages[stage]
    return [*(_instructions(base) if base in stages else []), *own]


def _last(stage: str, name: str) -> str:
    return [rest for instruction, rest in _instructions(stage) if instruction == name][-1]


@pytest.mark.parametrize("image", sorted(IMAGES))
def test_an_image_runs_as_a_numeric_user_that_is_not_root(image: str) -> None:
    user = _last(image, "USER")

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


@pytest.mark.parametrize("image", sorted(IMAGES))
def test_an_image_starts_its_program_itself_without_a_shell(image: str) -> None:
    command = json.loads(_last(image, "CMD"))

    assert command[0] in {"python", "locust"}


@pytest.mark.parametrize("image", ["api", "worker", "ui", "models"])
def test_a_service_has_a_health_check_in_python(image: str) -> None:
    options, _, command = _last(image, "HEALTHCHECK").partition(" CMD ")

    assert json.loads(command)[0] == "python"
    assert "--start-period" in options


@pytest.mark.parametrize("image", sorted(IMAGES))
def test_an_image_holds_an_environment_and_sources_and_was_given_nothing_else(image: str) -> None:
    copied = [rest for name, rest in _instructions(image) if name in ("COPY", "ADD")]

    environments = [rest for rest in copied if rest.startswith("--from=")]
    assert [rest.split()[1:] for rest in environments] == [["/app/.venv", "/app/.venv"]]
    sources = {
        source for rest in copied if rest not in environments for source in rest.split()[:-1]
    }
    assert sources <= {
        "deploy/images/probe.py", "bench", "embedded", "README.md", "ARCHITECTURE.md", "docs/*.md",
        "tests/__init__.py",
        "tests/harness/sse.py", "tests/harness/transcript.py", "tests/chaos/witness.py",
    }  # fmt: skip


def test_builders_install_what_is_locked_and_nothing_else() -> None:
    installs = re.findall(r"uv pip install ([^\n]*)", DOCKERFILE)

    from_locks = [one for one in installs if "--requirement" in one]
    assert all("--no-deps --require-hashes" in one for one in from_locks)
    assert all("--no-deps --no-index" in one for one in installs if one not in from_locks)
    assert len(from_locks) == len(re.findall(r"--requirement locks/[a-z]+\.txt", DOCKERFILE))


def test_what_the_builders_fetch_is_kept_where_uv_looks_for_it() -> None:
    (cache,) = re.findall(r"UV_CACHE_DIR=(\S+)", DOCKERFILE)

    mounted = re.findall(r"--mount=type=cache,target=(\S+)", DOCKERFILE)
    from_locks = re.findall(r"--requirement locks/(?!build)", DOCKERFILE)
    assert mounted == [cache] * len(from_locks)


def test_the_builder_has_the_uv_that_set_up_has() -> None:
    script = (ROOT / "scripts/get-uv").read_text()

    (here,) = re.findall(r"ARG UV_VERSION=(\S+)", DOCKERFILE)
    assert f"\nVERSION={here}\n" in script


def test_bytecode_is_made_when_the_image_is_since_it_cannot_be_later() -> None:
    assert "UV_COMPILE_BYTECODE=1" in DOCKERFILE


def test_a_build_pulls_no_frontend_and_names_no_place_of_its_own() -> None:
    without_comments = re.sub(r"(?m)^#.*\n", "", DOCKERFILE)

    assert not re.match(r"\s*#\s*(syntax|escape)\s*=", DOCKERFILE)
    assert not re.search(r"@sha256:|https?://|index-url|\bcurl\b|\bwget\b", without_comments)
    assert not re.search(r"/root\b|/home\b", without_comments)


def test_what_no_image_is_made_of_is_not_sent_to_the_builder() -> None:
    first, *kept = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]

    assert first == "*"
    assert not [line for line in kept if line in ("!.", "!**", "!.git", "!.env", "!tests")]
