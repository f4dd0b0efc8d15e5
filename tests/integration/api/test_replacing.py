"""Regenerate and edit: a new response takes the place of the conversation's last one."""

from collections.abc import Callable

import httpx
import pytest

from tests.harness.api_client import ApiClient
from tests.integration.api.scribe import Scribe

_NO_RESPONSE = "resp_" + "0" * 32


def texts(client: ApiClient, conversation: str) -> list[str]:
    items = client.items(conversation, order="asc")["data"]
    return [item["content"][0]["text"] for item in items]


def test_an_edited_question_takes_the_place_of_the_first_one(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    conversation = client.create_conversation()["id"]
    first = scribe_of(client.start("What is a log?", conversation=conversation)["id"])
    first.write("A file.")
    first.finish()

    edited = client.start("What is a lock?", millstream={"replaces": first.row.id})

    assert edited["conversation"] == {"id": conversation}
    assert edited["millstream"]["replaces"] == first.row.id
    assert texts(client, conversation) == ["What is a lock?"]
    old = client.retrieve(first.row.id)
    assert old["status"] == "completed"
    assert old["millstream"]["superseded_by"] == edited["id"]


def test_a_waiting_response_that_is_replaced_ends_at_once(client: ApiClient) -> None:
    conversation = client.create_conversation()["id"]
    first = client.start("What is a log?", conversation=conversation)["id"]

    client.start("What is a log?", conversation=conversation, millstream={"replaces": first})

    assert client.retrieve(first)["status"] == "cancelled"


def test_a_running_response_that_is_replaced_is_told_to_stop(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    conversation = client.create_conversation()["id"]
    first = scribe_of(client.start("What is a log?", conversation=conversation)["id"])
    first.write("A")

    client.start("What is a log?", millstream={"replaces": first.row.id})

    first.write("B")
    assert first.told_to_stop


@pytest.mark.parametrize(
    ("replaces", "status"),
    [
        ("abc", httpx.codes.BAD_REQUEST),
        (1, httpx.codes.BAD_REQUEST),
        (_NO_RESPONSE, httpx.codes.NOT_FOUND),
    ],
)
def test_what_cannot_be_replaced_is_named(replaces: object, status: int, client: ApiClient) -> None:
    answer = client.http.post(
        "/v1/responses", json={"input": "x", "millstream": {"replaces": replaces}}
    )

    assert answer.status_code == status
    assert answer.json()["error"]["param"] == "millstream.replaces"


def test_a_response_that_is_not_the_last_is_not_replaced(client: ApiClient) -> None:
    conversation = client.create_conversation()["id"]
    first = client.start("What is a log?", conversation=conversation)["id"]
    client.start("What is a lock?", conversation=conversation)

    answer = client.http.post(
        "/v1/responses", json={"input": "x", "millstream": {"replaces": first}}
    )

    assert answer.status_code == httpx.codes.CONFLICT
    assert answer.json()["error"]["param"] == "millstream.replaces"
    assert texts(client, conversation) == ["What is a log?", "What is a lock?"]
