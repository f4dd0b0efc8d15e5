"""What the reader of an answer thinks of it."""

from collections.abc import Callable

import httpx
import pytest
from redis import Redis

from millstream_contract.jobs import FEEDBACK_TASK, INGEST_QUEUE
from tests.harness.api_client import ApiClient
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe


@pytest.fixture
def answered(client: ApiClient, scribe_of: Callable[[str], Scribe]) -> Scribe:
    conversation = client.create_conversation()["id"]
    scribe = scribe_of(client.start("What is a log?", conversation=conversation)["id"])
    scribe.write("A file.")
    scribe.finish()
    return scribe


def give(client: ApiClient, response_id: str, **opinion: object) -> httpx.Response:
    return client.http.post(f"/v1/responses/{response_id}/feedback", json=opinion)


def test_feedback_is_kept_with_the_response_and_with_its_answer(
    client: ApiClient, answered: Scribe
) -> None:
    response_id, conversation = answered.row.id, str(answered.row.conversation_id)

    given = give(client, response_id, rating="down", comment=" Too short. ").json()

    opinion = {"rating": "down", "comment": "Too short."}
    assert given == {"object": "millstream.feedback", "response_id": response_id, **opinion}
    assert client.retrieve(response_id)["millstream"]["feedback"] == opinion
    items = client.items(conversation, order="asc")["data"]
    assert [item["millstream"]["feedback"] for item in items] == [None, opinion]


def test_feedback_is_taken_back_by_null(client: ApiClient, answered: Scribe) -> None:
    give(client, answered.row.id, rating="up")

    assert give(client, answered.row.id, rating=None).json()["rating"] is None

    assert client.retrieve(answered.row.id)["millstream"]["feedback"] is None


def test_each_feedback_is_passed_on_by_the_responses_id(
    client: ApiClient, answered: Scribe, shared_backends: Backends
) -> None:
    with Redis.from_url(shared_backends.redis_url, decode_responses=True) as redis:
        before = redis.llen(INGEST_QUEUE)

        give(client, answered.row.id, rating="up")

        assert redis.llen(INGEST_QUEUE) == before + 1
        assert FEEDBACK_TASK in redis.lindex(INGEST_QUEUE, 0)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{}", "rating"),
        (b'{"rating": "good"}', "rating"),
        (b'{"rating": ["up"]}', "rating"),
        (b'{"rating": "up", "comment": 1}', "comment"),
        (b'{"rating": "up", "comment": "a\\u0000"}', "comment"),
        (b'{"rating": null, "comment": "why"}', "comment"),
        (b'{"rating": "up", "stars": 5}', "stars"),
        (b"[]", "body"),
    ],
)
def test_bad_feedback_is_refused_by_name(
    body: bytes, param: str, client: ApiClient, answered: Scribe
) -> None:
    answer = client.http.post(f"/v1/responses/{answered.row.id}/feedback", content=body)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == param
    assert client.retrieve(answered.row.id)["millstream"]["feedback"] is None


def test_feedback_on_what_is_not_there_is_404(client: ApiClient) -> None:
    assert give(client, "resp_" + "0" * 32, rating="up").status_code == httpx.codes.NOT_FOUND
