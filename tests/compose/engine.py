"""The Docker engine of this machine, by its own command."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class CommandFailed(AssertionError):
    """A docker command failed; its own words are in the message."""


def docker(
    *words: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT, seconds: float = 120
) -> str:
    """Run a docker command, and give what it prints. Raises CommandFailed."""
    done = subprocess.run(
        ["docker", *words],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        raise CommandFailed(f"docker {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def engine_answers() -> bool:
    """Whether there is an engine, with compose and buildx."""
    if shutil.which("docker") is None:
        return False
    try:
        docker("version", seconds=10)
        docker("compose", "version", seconds=10)
    except (CommandFailed, subprocess.TimeoutExpired):
        return False
    return True


def inspect(kind: str, name: str) -> dict[str, Any]:
    """Give all that the engine knows of a container or an image."""
    (found,) = json.loads(docker(kind, "inspect", name))
    described: dict[str, Any] = found
    return described


def in_image(image: str, program: str, options: Sequence[str] = ()) -> str:
    """Run a Python program in a container of an image, as locked in as in the compose file."""
    hardened = ["--rm", "--read-only", "--network=none", "--cap-drop=ALL", "--tmpfs=/tmp"]
    return docker("run", *hardened, *options, image, "python", "-c", program)
