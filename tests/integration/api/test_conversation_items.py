"""Items of a conversation, as the original API has them; and the search among conversations."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.harness.api_client import ApiClient
from tests.integration.api.scribe import Scribe

GIVEN = [
    {"role": "system", "content": "Be brief."},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]},
    {"role": "assistant", "content": "Hi."},
]


def texts(client: ApiClient, conversation: str) -> list[str]:
    items = client.items(conversation, order="asc")["data"]
    return [item["content"][0]["text"] for item in items]


def create(client: ApiClient, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.http.post("/v1/conversations", json=body).json()
    return made


def test_a_conversation_begins_with_the_items_that_are_given(client: ApiClient) -> None:
    conversation = create(client, items=GIVEN, metadata={"a": "b"})

    assert conversation["metadata"] == {"a": "b"}
    assert texts(client, conversation["id"]) == ["Be brief.", "Hello.", "Hi."]


def test_items_are_added_behind_what_was_said_and_before_what_comes(
    client: ApiClient, scribe_of: Callable[[str], Scribe]
) -> None:
    conversation = create(client)["id"]
    scribe = scribe_of(client.start("One?", conversation=conversation)["id"])
    scribe.write("First.")
    scribe.finish()

    path = f"/v1/conversations/{conversation}/items"
    added = client.http.post(path, json={"items": GIVEN}).json()
    client.start("Two?", conversation=conversation)

    assert added["object"] == "list"
    assert [item["role"] for item in added["data"]] == ["system", "user", "assistant"]
    assert (added["first_id"], added["has_more"]) == (added["data"][0]["id"], False)
    assert texts(client, conversation) == [
        "One?", "First.", "Be brief.", "Hello.", "Hi.", "Two?",
    ]  # fmt: skip


def test_one_item_is_read_and_deleted(client: ApiClient) -> None:
    conversation = create(client, items=GIVEN)
    path = f"/v1/conversations/{conversation['id']}/items"
    item = client.items(conversation["id"])["data"][0]

    assert client.http.get(f"{path}/{item['id']}").json() == item
    assert client.http.delete(f"{path}/{item['id']}").json()["id"] == conversation["id"]

    assert texts(client, conversation["id"]) == ["Be brief.", "Hello."]
    for method in ("GET", "DELETE"):
        gone = client.http.request(method, f"{path}/{item['id']}")
        assert gone.status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": "x"}, "items"),
        ({"items": GIVEN * 7}, "items"),
        (
            {"items": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "items[0].content[0].type",
        ),
        ({"items": GIVEN, "more": 1}, "more"),
    ],
    ids=str,
)
def test_bad_items_are_refused_by_their_place_and_none_is_added(
    body: dict[str, Any], param: str, client: ApiClient
) -> None:
    conversation = create(client)["id"]

    answer = client.http.post(f"/v1/conversations/{conversation}/items", json=body)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == param
    assert texts(client, conversation) == []


def test_what_is_to_be_included_and_is_not_there_is_refused(client: ApiClient) -> None:
    conversation = create(client)["id"]
    path = f"/v1/conversations/{conversation}/items"

    fine = client.http.get(path, params={"include[]": "file_search_call.results"})
    refused = client.http.get(path, params={"include": "message.output_text.logprobs"})

    assert fine.status_code == httpx.codes.OK
    assert refused.json()["error"]["param"] == "include"


def test_conversations_are_found_by_title_or_question_in_any_case(client: ApiClient) -> None:
    titled = create(client, title="Zebra crossings")["id"]
    asked = create(client)["id"]
    client.start("First, something else.", conversation=asked)
    client.start("How do zebras count 100% of their stripes?", conversation=asked)
    create(client, title="Horses")

    def found(text: str) -> list[str]:
        return [one["id"] for one in client.conversations(q=text)["data"]]

    assert found("ZEBRA") == [asked, titled]
    assert found("100%") == [asked]
    assert found("zebra_") == []
    assert found("quagga") == []


def test_a_search_is_paged_and_bounded(client: ApiClient) -> None:
    made = [create(client, title=f"Okapi {n}")["id"] for n in range(3)][::-1]

    first = client.conversations(q="okapi", limit=2)
    rest = client.conversations(q="okapi", limit=2, after=first["last_id"])

    assert [one["id"] for one in first["data"] + rest["data"]] == made
    assert (first["has_more"], rest["has_more"]) == (True, False)
    for sought in ("x" * 201, "a\0"):
        answer = client.http.get("/v1/conversations", params={"q": sought})
        assert answer.json()["error"]["param"] == "q"
