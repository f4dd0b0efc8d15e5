"""Fields of the original API: done, harmless, or refused by name; never silently ignored."""

import typing
from typing import Any

import httpx
import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

from tests.harness.api_client import ApiClient

HARMLESS: list[dict[str, Any]] = [
    {"tools": []},
    {"tool_choice": "auto"},
    {"tool_choice": "none"},
    {"parallel_tool_calls": True},
    {"truncation": "disabled"},
    {"text": {"format": {"type": "text"}}},
    {"text": {}},
    {"include": []},
    {"include": ["file_search_call.results"]},
    {"stream": False},
    {"stream": None},
    {"stream_options": {"include_obfuscation": False}},
    {"user": "ann"},
    {"safety_identifier": "a1"},
    {"prompt_cache_key": "k"},
    {"service_tier": "auto"},
    {"top_p": 1},
    {"top_p": 1.0},
    {"reasoning": {"effort": None}},
    {"reasoning": None, "prompt": None, "max_tool_calls": None, "temperature": None},
    {"store": True},
    {"model": "scripted-chat"},
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"tools": [{"type": "web_search"}]}, "tools"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"parallel_tool_calls": "yes"}, "parallel_tool_calls"),
    ({"truncation": "auto"}, "truncation"),
    ({"text": {"format": {"type": "json_object"}}}, "text"),
    ({"include": ["reasoning.encrypted_content"]}, "include"),
    ({"include": [[]]}, "include"),
    ({"stream_options": {"include_obfuscation": True}}, "stream_options"),
    ({"user": 1}, "user"),
    ({"service_tier": "priority"}, "service_tier"),
    ({"top_p": 0.5}, "top_p"),
    ({"top_p": True}, "top_p"),
    ({"top_logprobs": 3}, "top_logprobs"),
    ({"reasoning": {"effort": "high"}}, "reasoning"),
    ({"prompt": {"id": "p"}}, "prompt"),
    ({"max_tool_calls": 1}, "max_tool_calls"),
    ({"context_management": [{"type": "compaction"}]}, "context_management"),
    ({"background_options": {"completion_window": "8h"}}, "background_options"),
    ({"store": False}, "store"),
    ({"custom_inputs": {}}, "custom_inputs"),
    ({"nonsense": None}, "nonsense"),
    ({"model": "gpt-4o"}, "model"),
    ({"previous_response_id": "abc"}, "previous_response_id"),
]


@pytest.mark.parametrize("fields", HARMLESS, ids=str)
def test_a_value_that_asks_for_nothing_more_is_accepted(
    fields: dict[str, Any], client: ApiClient
) -> None:
    assert client.start("What is a log?", **fields)["status"] == "queued"


@pytest.mark.parametrize(("fields", "param"), REFUSED, ids=str)
def test_what_is_not_done_is_refused_by_name(
    fields: dict[str, Any], param: str, client: ApiClient
) -> None:
    answer = client.http.post("/v1/responses", json={"input": "What is a log?", **fields})

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error"]["param"] == param


def test_every_field_that_the_official_client_can_send_is_known(client: ApiClient) -> None:
    """A new version of the client brings new fields; each is to be decided on."""
    fields = typing.get_type_hints(ResponseCreateParamsStreaming).keys() - {"input", "stream"}

    answer = client.http.post(
        "/v1/responses",
        json={
            "input": "What is a log?",
            "background": True,
            **dict.fromkeys(fields - {"background"}),
        },
    )

    assert answer.status_code == httpx.codes.OK, answer.text


def test_an_unknown_model_is_named_with_those_there_are(client: ApiClient) -> None:
    answer = client.http.post("/v1/responses", json={"input": "x", "model": "gpt-4o"})

    error = answer.json()["error"]
    assert error["code"] == "model_not_found"
    assert "scripted-chat" in error["message"]


def test_a_whole_number_may_be_written_with_a_point(client: ApiClient) -> None:
    asked = client.start("What is a log?", max_output_tokens=16.0)

    assert asked["max_output_tokens"] == 16
