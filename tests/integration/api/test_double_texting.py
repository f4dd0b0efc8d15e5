"""A second question while an answer is made: rejected, enqueued behind it, or in its place."""

import json

import httpx
import pytest
import websocket
from redis import Redis

from millstream_contract.keys import QUEUED_KEY
from tests.harness.api_client import ApiClient, ApiError
from tests.harness.deadlines import eventually
from tests.harness.services import Service
from tests.harness.stack import Backends
from tests.integration.api.kept import Kept


def ask(client: ApiClient, conversation: str, when_busy: str | None = None) -> str:
    extension = {"when_busy": when_busy} if when_busy else {}
    asked = client.start("What?", conversation=conversation, millstream=extension)
    return str(asked["id"])


def in_line(backends: Backends) -> set[str]:
    with Redis.from_url(backends.redis_url) as redis:
        return {text.decode() for text in redis.zrange(QUEUED_KEY, 0, -1)}


def wait_until_in_line(backends: Backends, only: str, of: set[str]) -> None:
    """Wait until one of some is in line alone.

    A reaper that has read the ledger before one of them ended may put that one back, for a moment.
    """
    eventually(f"{only} to be in line alone", lambda: in_line(backends) & of == {only})


def test_a_question_may_be_rejected_while_another_is_answered(
    client: ApiClient, shared_backends: Backends
) -> None:
    conversation = client.create_conversation()["id"]
    first = ask(client, conversation)
    before = Kept.by(shared_backends)

    with pytest.raises(ApiError) as refused:
        ask(client, conversation, "reject")

    assert refused.value.status == httpx.codes.CONFLICT
    assert refused.value.error["code"] == "conversation_busy"
    assert first in refused.value.error["message"]
    assert before.added(shared_backends) == set()


def test_so_it_may_on_a_socket(client: ApiClient, api: Service) -> None:
    conversation = client.create_conversation()["id"]
    ask(client, conversation)
    socket = websocket.create_connection(
        api.url.replace("http", "ws") + "/v1/responses", timeout=20
    )

    question = {"type": "response.create", "input": "What?", "conversation": conversation}
    socket.send(json.dumps({**question, "millstream": {"when_busy": "reject"}}))
    told = json.loads(socket.recv())
    socket.close()

    assert (told["type"], told["status"]) == ("error", httpx.codes.CONFLICT)
    assert told["error"]["code"] == "conversation_busy"


def test_an_enqueued_question_gets_in_line_when_the_one_before_it_has_ended(
    client: ApiClient, shared_backends: Backends
) -> None:
    conversation = client.create_conversation()["id"]
    first, second, third = (ask(client, conversation) for _ in range(3))
    assert in_line(shared_backends) & {first, second, third} == {first}

    client.cancel(second)
    wait_until_in_line(shared_backends, first, {first, second, third})

    client.cancel(first)
    wait_until_in_line(shared_backends, third, {first, second, third})


def test_an_interruption_ends_what_waits_and_gets_in_line_itself(
    client: ApiClient, shared_backends: Backends
) -> None:
    conversation = client.create_conversation()["id"]
    first, second = (ask(client, conversation) for _ in range(2))

    third = ask(client, conversation, "interrupt")

    assert client.retrieve(first)["status"] == "cancelled"
    assert client.retrieve(second)["status"] == "cancelled"
    wait_until_in_line(shared_backends, third, {first, second, third})


def test_a_repeat_of_a_question_is_neither_rejected_nor_an_interruption(
    client: ApiClient,
) -> None:
    conversation = client.create_conversation()["id"]
    for policy in ("reject", "interrupt"):
        body = {
            "input": "What?",
            "background": True,
            "conversation": conversation,
            "millstream": {"when_busy": policy},
        }
        headers = {"Idempotency-Key": policy}

        answers = [client.http.post("/v1/responses", json=body, headers=headers) for _ in range(2)]

        first, repeat = (answer.raise_for_status().json() for answer in answers)
        assert repeat["id"] == first["id"]
        assert client.cancel(first["id"])["status"] == "cancelled"


def test_an_unknown_policy_is_refused_by_name(client: ApiClient) -> None:
    with pytest.raises(ApiError) as refused:
        client.start("What?", millstream={"when_busy": "panic"})

    assert refused.value.status == httpx.codes.BAD_REQUEST
    assert refused.value.error["param"] == "millstream.when_busy"
