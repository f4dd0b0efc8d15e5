"""PostgreSQL answers, and takes no writes: a failover that the services see as a replica."""

from collections.abc import Iterator

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from tests.harness.api_client import ApiClient, ApiError
from tests.harness.corpus import load_corpus
from tests.harness.deadlines import eventually
from tests.harness.postgres import PostgresServer
from tests.harness.services import migrate
from tests.harness.stack import Backends, Stack, running_stack


@pytest.fixture
def on_its_own(
    private_postgres: PostgresServer, redis_url: str, scripted_model: ScriptedModel
) -> Iterator[Stack]:
    """One API and one worker over a PostgreSQL that no other test uses."""
    url = private_postgres.url()
    migrate(url)
    load_corpus(url)
    with running_stack(Backends(url, redis_url, scripted_model)) as stack:
        yield stack


def _refusal(client: ApiClient) -> ApiError | None:
    """Ask in the background, and give the error that is answered, if one is."""
    try:
        client.start("What is a log?")
    except ApiError as error:
        return error
    return None


def _readiness(client: ApiClient) -> str:
    state: str = client.http.get("/readyz").json()["checks"]["postgresql"]
    return state


def test_an_answer_waits_for_writes_and_questions_are_asked_to_come_again(
    private_postgres: PostgresServer, on_its_own: Stack
) -> None:
    script = Script(tokens=40, seed=12, gate=("read-only", 20))
    stack = on_its_own
    with (
        stack.client() as client,
        client.stream(f"What is a log? {script.directive()}") as stream,
    ):
        stack.model.wait(script.id, "held")
        stream.until_text(1)

        private_postgres.take_writes(now=False)
        refused = eventually("a question to be refused", lambda: _refusal(client))
        readiness = _readiness(client)
        stack.model.open_gate("read-only")
        response_id = stream.transcript.response_id
        stack.workers[0].wait_for_line(f"{response_id}: storing the answer: .* Trying again")
        private_postgres.take_writes(now=True)

        seen = stream.to_end()
        stored = client.retrieve(response_id)
        eventually("the API to be ready", lambda: _readiness(client) == "ok")

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert readiness == "away"
    assert seen.text == script.text
    assert (stored["status"], stored["millstream"]["attempt"]) == ("completed", 1)
