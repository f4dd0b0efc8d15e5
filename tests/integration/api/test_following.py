"""previous_response_id: a question that follows an answer without a conversation."""

from collections.abc import Callable

import httpx

from tests.harness.api_client import ApiClient
from tests.integration.api.scribe import Scribe

_NO_RESPONSE = "resp_" + "0" * 32


def test_a_question_follows_an_answer(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    first = scribe_of(client.start("What is a log?")["id"])
    first.finish()

    second = client.start("And a queue?", previous_response_id=first.row.id)

    assert second["previous_response_id"] == first.row.id
    assert second["conversation"] is None


def test_an_unfinished_answer_cannot_be_followed_yet(client: ApiClient) -> None:
    first = client.start("What is a log?")["id"]

    answer = client.http.post(
        "/v1/responses", json={"input": "And a queue?", "previous_response_id": first}
    )

    assert answer.status_code == httpx.codes.CONFLICT
    assert answer.json()["error"]["param"] == "previous_response_id"


def test_what_is_not_there_cannot_be_followed(client: ApiClient) -> None:
    answer = client.http.post(
        "/v1/responses", json={"input": "x", "previous_response_id": _NO_RESPONSE}
    )

    assert answer.status_code == httpx.codes.NOT_FOUND
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (
        "previous_response_id",
        "previous_response_not_found",
    )


def test_a_conversation_and_a_previous_response_exclude_each_other(client: ApiClient) -> None:
    conversation = client.create_conversation()["id"]

    answer = client.http.post(
        "/v1/responses",
        json={"input": "x", "previous_response_id": _NO_RESPONSE, "conversation": conversation},
    )

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["code"] == "mutually_exclusive_parameters"
