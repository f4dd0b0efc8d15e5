"""Conversations: what the page lists, opens, renames and deletes."""

from collections.abc import Callable

import httpx
from redis import Redis

from tests.harness.api_client import ApiClient
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe


def test_a_conversation_takes_its_title_from_its_first_question(client: ApiClient) -> None:
    conversation = client.create_conversation()

    client.start("What is a log?", conversation=conversation["id"])
    client.start("And a queue?", conversation={"id": conversation["id"]})

    listed = client.conversations(limit=1)["data"][0]
    assert listed["title"] == "What is a log?"
    assert listed["last_response"]["status"] == "queued"


def test_items_are_the_questions_and_answers_in_order(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    conversation = client.create_conversation()["id"]
    scribe = scribe_of(client.start("What is a log?", conversation=conversation)["id"])
    scribe.write("A file.")
    scribe.finish()

    items = client.items(conversation, order="asc")["data"]
    newest_first = client.items(conversation)["data"]

    assert [(item["role"], item["content"][0]["text"]) for item in items] == [
        ("user", "What is a log?"),
        ("assistant", "A file."),
    ]
    assert {item["response_id"] for item in items} == {scribe.row.id}
    assert newest_first == items[::-1]


def test_the_list_is_paged_newest_first(client: ApiClient) -> None:
    made = [client.create_conversation()["id"] for _ in range(5)][::-1]

    first = client.conversations(limit=2)
    second = client.conversations(limit=2, after=first["last_id"])

    assert [one["id"] for one in first["data"] + second["data"]] == made[:4]
    assert first["has_more"]


def test_a_conversation_is_renamed_and_deleted(client: ApiClient) -> None:
    path = f"/v1/conversations/{client.create_conversation(colour='blue')['id']}"

    renamed = client.http.post(path, json={"title": "Logs"}).json()
    deleted = client.http.delete(path).json()

    assert (renamed["title"], renamed["metadata"]) == ("Logs", {"colour": "blue"})
    assert deleted["deleted"]
    assert client.http.get(path).status_code == httpx.codes.NOT_FOUND


def test_deleting_a_conversation_ends_its_streams_and_leaves_nothing_in_redis(
    client: ApiClient, scribe_of: Callable[[str], Scribe], shared_backends: Backends
) -> None:
    conversation = client.create_conversation()["id"]
    scribe = scribe_of(client.start("What is a log?", conversation=conversation)["id"])
    with client.follow(scribe.row.id) as stream:
        scribe.write("A file.")
        stream.until_text(len("A file."))

        client.http.delete(f"/v1/conversations/{conversation}")

        assert list(stream) == []
        assert not stream.transcript.done
    assert client.http.get(f"/v1/responses/{scribe.row.id}").status_code == httpx.codes.NOT_FOUND
    with Redis.from_url(shared_backends.redis_url) as redis:
        assert list(redis.scan_iter(f"*{scribe.row.id}*")) == []
