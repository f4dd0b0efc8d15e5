"""A client that stays for the whole answer is never left without one."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.harness.api_client import ApiClient
from tests.harness.deadlines import eventually
from tests.harness.services import start_api
from tests.harness.stack import Backends

_QUESTION = "What is a log?"


def accepted(backends: Backends) -> list[str]:
    with psycopg.connect(backends.database_url) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM responses")]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"input": _QUESTION}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": _QUESTION}]}),
    ],
)
def test_who_stays_is_told_where_the_answer_goes_on_when_the_process_ends(
    path: str, body: dict[str, Any], backends: Backends
) -> None:
    # Given a client that waits for an answer
    api = start_api(backends.settings())
    with ApiClient(api.url) as client, ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(client.http.post, path, json=body)
        eventually("the question", lambda: len(accepted(backends)) == 1, 20)

        # When the process is told to end
        os.kill(api.process.pid, signal.SIGTERM)
        answer = waiting.result()

    # Then it says under which id to ask elsewhere, and that nothing is lost
    assert api.process.wait_for_exit(30) == 0
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.json()["error"]["code"] == "draining"
    assert f"/v1/responses/{accepted(backends)[0]}" in answer.json()["error"]["message"]
    with psycopg.connect(backends.database_url) as connection:
        row = connection.execute("SELECT status, cancel_requested_at FROM responses").fetchone()
    assert row == ("queued", None)
