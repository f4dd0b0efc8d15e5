"""A deleted response is gone everywhere: from the ledger, its conversation and Redis."""

from collections.abc import Callable

import httpx
from redis import Redis

from tests.harness.api_client import ApiClient
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe


def delete(client: ApiClient, response_id: str) -> httpx.Response:
    return client.http.delete(f"/v1/responses/{response_id}")


def test_a_finished_response_is_deleted_with_its_items_and_log(
    client: ApiClient, scribe_of: Callable[[str], Scribe], shared_backends: Backends
) -> None:
    conversation = client.create_conversation()["id"]
    scribe = scribe_of(client.start("What is a log?", conversation=conversation)["id"])
    scribe.write("A file.")
    scribe.finish()

    deleted = delete(client, scribe.row.id).json()

    assert deleted == {"id": scribe.row.id, "object": "response", "deleted": True}
    path = f"/v1/responses/{scribe.row.id}"
    for gone in (path, f"{path}?stream=true", f"{path}/input_items"):
        assert client.http.get(gone).status_code == httpx.codes.NOT_FOUND
    assert delete(client, scribe.row.id).status_code == httpx.codes.NOT_FOUND
    assert client.items(conversation)["data"] == []
    with Redis.from_url(shared_backends.redis_url) as redis:
        assert list(redis.scan_iter(f"*{scribe.row.id}*")) == []


def test_a_waiting_response_is_ended_and_deleted(client: ApiClient) -> None:
    response_id = client.start("What is a log?")["id"]

    assert delete(client, response_id).json()["deleted"]

    assert client.http.get(f"/v1/responses/{response_id}").status_code == httpx.codes.NOT_FOUND


def test_a_running_response_is_told_to_stop_and_its_writer_finds_it_gone(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    with client.follow(scribe.row.id) as stream:
        scribe.write("A")
        stream.until_text(1)

        delete(client, scribe.row.id)

        assert list(stream) == []
    assert scribe.ledger.responses.standings([scribe.row.id]) == {}
