"""Questions of one conversation, asked at once of the whole product, are answered one by one."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from bench.scripted_model.script import Script
from tests.harness.api_client import ApiClient
from tests.harness.stack import Stack

_QUESTIONS = 8


def times_of(stack: Stack, conversation: str) -> list[tuple[Any, Any, str]]:
    """Give begin, end and status of each response, in the order of acceptance."""
    with psycopg.connect(stack.backends.database_url) as connection:
        return connection.execute(
            "SELECT started_at, completed_at, status FROM responses WHERE conversation_id = %s"
            " ORDER BY turn",
            [conversation],
        ).fetchall()


def text_of(response: dict[str, Any]) -> str:
    message = next(item for item in response["output"] if item["type"] == "message")
    return str(message["content"][0]["text"])


def test_questions_asked_in_the_same_moment_are_never_answered_at_once(stack: Stack) -> None:
    scripts = [Script(tokens=20, seed=seed) for seed in range(_QUESTIONS)]
    with stack.client() as client:
        conversation = client.create_conversation()["id"]

    def ask(script: Script) -> str:
        with ApiClient(stack.api_url) as client:
            answer = client.ask(f"Log? {script.directive()}", conversation=conversation)
        return text_of(answer)

    with ThreadPoolExecutor(_QUESTIONS) as threads:
        texts = list(threads.map(ask, scripts))

    times = times_of(stack, conversation)
    assert texts == [script.text for script in scripts]
    assert {status for *_, status in times} == {"completed"}
    for (_, end, _), (begin, _, _) in itertools.pairwise(times):
        assert begin >= end


def test_an_interruption_keeps_what_was_said_and_is_answered_next(stack: Stack) -> None:
    long, short = Script(tokens=2000, seed=1, rate=100), Script(tokens=5, seed=2)
    with stack.client() as client:
        conversation = client.create_conversation()["id"]
        first = client.start(f"Log? {long.directive()}", conversation=conversation)["id"]
        with client.follow(first) as stream:
            stream.until_text(20)

            second = client.ask(
                f"Log? {short.directive()}",
                conversation=conversation,
                millstream={"when_busy": "interrupt"},
            )
            seen = stream.to_end()
        stopped = client.retrieve(first)

    assert stopped["status"] == "cancelled"
    assert text_of(stopped) == seen.text
    assert long.text.startswith(seen.text)
    assert text_of(second) == short.text
    (_, end, _), (begin, _, _) = times_of(stack, conversation)
    assert begin >= end
