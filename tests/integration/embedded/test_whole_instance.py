"""`make run` as it is: every part real, one question after the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bench.scripted_model.client import ScriptedModel
from tests.harness.deadlines import eventually, scaled
from tests.harness.stack import Backends
from tests.integration.embedded.instances import (
    WHOLE,
    RunningInstance,
    assert_all_gone,
    listening_addresses,
)

QUESTION = "What happens to notify events when the transaction is rolled back?"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    """An instance that the tests of this module share, and may kill parts of."""
    running = RunningInstance(tmp_path_factory.mktemp("whole") / "data", WHOLE)
    running.wait_until_ready(180)
    yield running
    running.process.kill()


def _answer(instance: RunningInstance, question: str = QUESTION, **settings: Any) -> dict[str, Any]:
    """Ask and wait for the whole answer."""
    url = f"http://127.0.0.1:{instance.api_port}/v1/responses"
    asked = {"input": question, **settings}
    reply = httpx.post(url, json=asked, timeout=scaled(60), trust_env=False)
    reply.raise_for_status()
    answer: dict[str, Any] = reply.json()
    return answer


def _sources(answer: dict[str, Any]) -> set[str]:
    message = next(item for item in answer["output"] if item["type"] == "message")
    return {note["filename"] for note in message["content"][0]["annotations"]}


def test_the_first_question_is_answered_from_the_demo_corpus(instance: RunningInstance) -> None:
    answer = _answer(instance)

    assert answer["status"] == "completed"
    assert "NOTIFY" in _sources(answer)


def test_a_follow_up_question_is_understood_by_what_it_follows(
    instance: RunningInstance,
) -> None:
    first = _answer(instance, "What is autovacuum?")

    second = _answer(instance, "and how do I turn it off?", previous_response_id=first["id"])

    search = next(item for item in second["output"] if item["type"] == "file_search_call")
    assert "autovacuum" in search["queries"][0]
    assert search["results"]
    assert all("autovacuum" in found["text"].lower() for found in search["results"])


def test_the_page_is_served(instance: RunningInstance) -> None:
    url = f"http://127.0.0.1:{instance.ui_port}/"

    page = httpx.get(url, timeout=scaled(60), trust_env=False)

    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


def test_all_of_it_listens_on_the_loopback_alone(instance: RunningInstance) -> None:
    assert listening_addresses(instance.family()) == {"127.0.0.1"}


@pytest.mark.parametrize("name", ["api", "ui", "models", "valkey", "postgres", "worker-1"])
def test_a_part_that_is_killed_comes_back_and_questions_are_answered(
    instance: RunningInstance, name: str
) -> None:
    killed = instance.part(name)
    seen = len(instance.process.lines)

    killed.kill()

    eventually(
        f"{name} to be ready again",
        lambda: any(f"| {name} is ready." in line for line in instance.process.lines[seen:]),
        90,
    )
    eventually("an answer", lambda: _is_answered(instance), 60, every_seconds=0.5)


def _is_answered(instance: RunningInstance) -> bool:
    try:
        return bool(_answer(instance)["status"] == "completed")
    except httpx.HTTPError:
        return False


def test_a_stop_ends_all_of_it(instance: RunningInstance) -> None:
    family = instance.family()

    code = instance.stop()

    assert code == 0
    assert_all_gone(family)


def test_a_given_workspace_is_used_and_the_corpus_embedded_by_it(
    tmp_path: Path, scripted_model: ScriptedModel, empty_database_url: str, redis_url: str
) -> None:
    given = Backends(empty_database_url, redis_url, scripted_model).settings()
    instance = RunningInstance(tmp_path / "data", WHOLE, **given)
    try:
        instance.wait_until_ready(180)
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            eventually("the whole corpus", lambda: _has_no_pending(connection), 90)
            endpoint = connection.execute("SELECT endpoint FROM embedding_space").fetchone()

        assert endpoint == ("scripted-embeddings",)
        assert _answer(instance)["status"] == "completed"
        assert not any(
            f"spawned: '{name}'" in line
            for line in instance.process.lines
            for name in ("postgres", "valkey", "models")
        )
        assert instance.stop() == 0
    finally:
        instance.process.kill()


def _has_no_pending(connection: psycopg.Connection[Any]) -> bool:
    pending = "SELECT count(*), count(*) FILTER (WHERE status = 'ready') FROM documents"
    row = connection.execute(pending).fetchone()
    return row is not None and row[0] > 0 and row[0] == row[1]
