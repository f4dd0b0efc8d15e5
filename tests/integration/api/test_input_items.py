"""What a question is asked with: a text, or a list of messages; the last one is the question."""

import json
from typing import Any

import httpx
import pytest

from tests.harness.api_client import ApiClient

USER = {"role": "user", "content": "What is a log?"}


def ask(client: ApiClient, items: object) -> httpx.Response:
    return client.http.post("/v1/responses", json={"input": items, "background": True})


def given_with(client: ApiClient, response_id: str, **params: str) -> list[dict[str, Any]]:
    path = f"/v1/responses/{response_id}/input_items"
    listed = client.http.get(path, params={"order": "asc", **params}).json()
    items: list[dict[str, Any]] = listed["data"]
    return items


def test_a_text_is_one_message_of_the_user(client: ApiClient) -> None:
    response_id = client.start("What is a log?")["id"]

    [item] = given_with(client, response_id)

    assert (item["role"], item["status"]) == ("user", "completed")
    assert item["content"] == [{"type": "input_text", "text": "What is a log?"}]


def test_a_list_is_kept_in_order_and_pages(client: ApiClient) -> None:
    items: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"type": "message", "role": "user", "content": "Hello."},
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi.", "annotations": []}],
        },
        {"role": "developer", "content": [{"type": "input_text", "text": "In English."}]},
        {"role": "user", "content": [{"type": "input_text", "text": t} for t in ("What ", "now?")]},
    ]
    response_id = ask(client, items).json()["id"]

    whole = given_with(client, response_id)
    newest = client.http.get(f"/v1/responses/{response_id}/input_items?limit=2").json()

    assert [item["role"] for item in whole] == [item["role"] for item in items]
    texts = ["".join(part["text"] for part in item["content"]) for item in whole]
    assert texts == ["Be brief.", "Hello.", "Hi.", "In English.", "What now?"]
    assert newest["data"] == whole[:2:-1]
    assert newest["has_more"]
    assert given_with(client, response_id, after=whole[2]["id"]) == whole[3:]


def test_items_of_an_earlier_answer_may_be_sent_back_as_they_are(client: ApiClient) -> None:
    search = {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["q"]}
    message = {
        "type": "message",
        "role": "assistant",
        "phase": None,
        "content": [{"type": "output_text", "text": "A file.", "annotations": [], "logprobs": []}],
    }

    answer = ask(client, [USER, search, message, {"role": "user", "content": "And a queue?"}])

    items = given_with(client, answer.json()["id"])
    assert [item["role"] for item in items] == ["user", "assistant", "user"]


REFUSED: dict[str, tuple[object, str]] = {
    "nothing": ([], "input"),
    "text in a list": (["What?"], "input[0]"),
    "no role": ([{"content": "x"}], "input[0].role"),
    "unknown role": ([USER, {"role": "tool", "content": "x"}], "input[1].role"),
    "an image": (
        [USER, {"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}],
        "input[1].content[0].type",
    ),
    "a file": (
        [
            {
                "role": "user",
                "content": [{"type": "input_text", "text": "x"}, {"type": "input_file"}],
            }
        ],
        "input[0].content[1].type",
    ),
    "a part without text": (
        [{"role": "user", "content": [{"type": "input_text"}]}],
        "input[0].content[0].text",
    ),
    "a part that is a text": ([{"role": "user", "content": ["x"]}], "input[0].content[0]"),
    "a part with more": (
        [{"role": "user", "content": [{"type": "input_text", "text": "x", "detail": "low"}]}],
        "input[0].content[0].detail",
    ),
    "a number as content": ([{"role": "user", "content": 1}], "input[0].content"),
    "no content": ([{"role": "user"}], "input[0].content"),
    "NUL": ([{"role": "user", "content": "a\0"}], "input[0].content"),
    "NUL in a part": (
        [{"role": "user", "content": [{"type": "input_text", "text": "a\0"}]}],
        "input[0].content[0].text",
    ),
    "a tool's output": (
        [USER, {"type": "function_call_output", "call_id": "c", "output": "x"}],
        "input[1].type",
    ),
    "a reference": ([{"type": "item_reference", "id": "msg_1"}], "input[0].type"),
    "a name": ([{**USER, "name": "ann"}], "input[0].name"),
    "a blank question": ([{"role": "user", "content": " "}], "input[0].content"),
    "a question too long": ([{"role": "user", "content": "x" * 2001}], "input[0].content"),
    "instructions too long": (
        [{"role": "system", "content": "x" * 4001}, USER],
        "input[0].content",
    ),
    "no question": ([{"role": "system", "content": "x"}], "input"),
    "an answer at the end": ([USER, {"role": "assistant", "content": "x"}], "input[1].role"),
    "too many": ([USER] * 1001, "input"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_item_is_refused_by_its_place(name: str, client: ApiClient) -> None:
    items, param = REFUSED[name]

    answer = client.http.post("/v1/responses", content=json.dumps({"input": items}).encode())

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == param


def test_a_bad_type_says_what_is_allowed(client: ApiClient) -> None:
    items, _ = REFUSED["an image"]

    message = ask(client, items).json()["error"]["message"]

    assert "input_text" in message


def test_input_items_of_what_is_not_there_are_404(client: ApiClient) -> None:
    answer = client.http.get(f"/v1/responses/resp_{'0' * 32}/input_items")

    assert answer.status_code == httpx.codes.NOT_FOUND
