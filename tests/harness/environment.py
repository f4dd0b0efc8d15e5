"""The environment of a started service: ours, without what the developer's shell says."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("MILLSTREAM_", "DATABRICKS_", "OTEL_", "MLFLOW_")
_ALSO_OURS = frozenset({"DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"})


def bytecode_directory() -> Path:
    """Give the place where compiled modules outlive a run: imports then take half the time."""
    return Path(tempfile.gettempdir()) / f"millstream-pycache-{os.geteuid()}"


def service_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Give the whole environment of a service: `settings` and what every program needs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _ALSO_OURS and not name.startswith(_OURS)
    }
    defaults = {"PYTHONPYCACHEPREFIX": str(bytecode_directory())}
    return {**defaults, **kept, "PYTHONUNBUFFERED": "1", **settings}


def measured_with_greenlets(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a program whose threads are greenlets, for its coverage, if measured.

    What measures a test run has told its settings to every program; this one reads them anew.
    """
    if "COVERAGE_PROCESS_CONFIG" not in environment:
        return dict(environment)
    kept = {name: value for name, value in environment.items() if name != "COVERAGE_PROCESS_CONFIG"}
    return {
        **kept,
        "COVERAGE_PROCESS_START": str(_ROOT / "pyproject.toml"),
        "COVERAGE_FILE": str(_ROOT / ".coverage"),
        "COVERAGE_CONCURRENCY": "gevent",
    }


def unmeasured_environment() -> dict[str, str]:
    """Give our whole environment, without what has a Python program measure its coverage.

    That loads modules of its own, and handles SIGTERM in Python.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
