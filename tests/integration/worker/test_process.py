"""The worker as a process: what it loads, and how it starts and does not start."""

import pytest

from tests.harness.imports import loaded_by
from tests.harness.services import launch_worker
from tests.harness.stack import Backends


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MILLSTREAM_ANSWERS_CONCURRENCY", "many"),
        ("MILLSTREAM_MODEL_STALL_SECONDS", "-1"),
        ("MILLSTREAM_CHAT_ENDPOINT", ""),
        ("DATABASE_URL", ""),
    ],
)
def test_a_wrong_setting_stops_the_start_and_names_itself(
    backends: Backends, variable: str, value: str
) -> None:
    process = launch_worker({**backends.settings(), variable: value})

    assert process.wait_for_exit(30) == 2
    field = variable.removeprefix("MILLSTREAM_").lower()
    assert field in process.tail().lower()


def test_a_process_that_ingests_never_loads_the_graph_or_the_chat_client() -> None:
    heavy = ("langgraph", "langchain_core", "databricks_langchain", "mlflow", "openai")

    loaded = loaded_by(
        "import millstream_worker.__main__, millstream_worker.ingesting.opening", heavy
    )

    assert loaded == []
