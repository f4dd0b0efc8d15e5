"""What is in the images, and how they run, as the engine sees it."""

import re

import pytest

from tests.compose.engine import docker, in_image, inspect
from tests.harness.deadlines import eventually

pytestmark = [pytest.mark.usefixtures("images"), pytest.mark.timeout(3600)]

_MODEL_CODE = re.compile(r"mlflow|databricks|langgraph|langchain|langsmith|pyarrow|openai")
_NAMES = "import importlib.metadata as m; print(*{d.name.lower() for d in m.distributions()})"
_WITHOUT_BYTECODE = """
import importlib.util, pathlib, sysconfig
sources = pathlib.Path(sysconfig.get_path("purelib")).glob("millstream_*/**/*.py")
print(*[s for s in sources if not pathlib.Path(importlib.util.cache_from_source(str(s))).exists()])
"""


@pytest.mark.parametrize("service", ["api", "ui", "models", "load"])
def test_an_image_without_models_carries_no_model_package(service: str) -> None:
    carried = in_image(f"millstream-{service}", _NAMES).split()

    assert carried
    assert [name for name in carried if _MODEL_CODE.search(name)] == []


@pytest.mark.parametrize("service", ["api", "worker", "ui", "models"])
def test_an_image_runs_as_a_user_that_can_change_nothing_of_it(service: str) -> None:
    image = inspect("image", f"millstream-{service}")["Config"]

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", image["User"])
    assert image["Cmd"][0] == "python"
    assert image["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    assert image["Labels"]["org.opencontainers.image.title"] == f"millstream-{service}"
    writable = in_image(
        f"millstream-{service}",
        "import os; print([p for p, _, _ in os.walk('/app') if os.access(p, os.W_OK)])",
    )
    assert writable.strip() == "[]"


@pytest.mark.parametrize("service", ["api", "worker", "ui", "models"])
def test_our_code_is_compiled_already(service: str) -> None:
    missing = in_image(f"millstream-{service}", _WITHOUT_BYTECODE)

    assert missing.strip() == ""


@pytest.mark.parametrize("service", ["ui", "models"])
def test_a_service_starts_without_any_network(service: str) -> None:
    container = docker(
        "run", "--detach", "--rm", "--read-only", "--network=none", "--cap-drop=ALL",
        "--tmpfs=/tmp", f"millstream-{service}",
    ).strip()  # fmt: skip
    try:
        eventually(
            f"{service} to be healthy",
            lambda: inspect("container", container)["State"]["Health"]["Status"] == "healthy",
            90,
            every_seconds=0.5,
        )
    finally:
        docker("stop", "--time", "5", container)
