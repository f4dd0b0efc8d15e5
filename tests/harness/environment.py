"""The environment of a started service: ours, without what the developer's shell says."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

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


def unmeasured_environment() -> dict[str, str]:
    """Give our whole environment, without what has a Python program measure its coverage.

    That loads modules of its own, and handles SIGTERM in Python.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
