"""Starts the models process, as an operator would, and gives tests its address."""

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

READY = "models ready on "


@pytest.fixture(scope="session")
def models_url() -> Iterator[str]:
    environment = {
        **os.environ,
        "MILLSTREAM_MODELS_PORT": "0",
        "MILLSTREAM_MODELS_EXTRACTIVE_TOKENS_PER_SECOND": "40",
        "MILLSTREAM_MODELS_MAX_REQUEST_BYTES": "200000",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "millstream_models"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith(READY), f"instead of the ready line: {line!r}"
        yield line.removeprefix(READY).split()[0]
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


@pytest.fixture
def databricks(models_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A workspace client for the process; also what the environment points at."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    monkeypatch.setenv("DATABRICKS_HOST", models_url)
    monkeypatch.setenv("DATABRICKS_TOKEN", "any")
    return WorkspaceClient(config=Config(retry_timeout_seconds=5, http_timeout_seconds=20))


@pytest.fixture(scope="module")
def connections_left_open() -> Iterator[None]:
    """The SDK leaves its connections to the garbage collector, which warns of each: collect here.

    A module that uses this also ignores ResourceWarning, for what is collected earlier.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
