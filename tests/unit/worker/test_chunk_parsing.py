"""Chunks of the model's stream come out as the OpenAI client would have built them."""

from typing import Any

import httpx
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from millstream_worker.answering.chunk_parsing import parse_chunks_by_schema

_RESPONSE: Any = httpx.Response(200, request=httpx.Request("POST", "http://127.0.0.1/"))


def _chunk(**changes: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_750_000_000,
        "model": "chat",
        "choices": [_choice()],
        **changes,
    }


def _choice(**changes: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": " mill"}}
    return {**choice, "finish_reason": None, "logprobs": None, **changes}


_USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
_CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}

_BY_SCHEMA = {
    "a token": _chunk(),
    "without a role": _chunk(choices=[_choice(delta={"content": " stream"})]),
    "the last one": _chunk(choices=[_choice(delta={}, finish_reason="length")]),
    "usage alone": _chunk(choices=[], usage=_USAGE),
    "usage beside a token": _chunk(usage={**_USAGE, "prompt_tokens_details": None}),
    "a field that no schema knows": _chunk(choices=[_choice(delta={"reasoning_content": "hm"})]),
    "a call of a tool": _chunk(choices=[_choice(delta={"tool_calls": [_CALL]})]),
}

_BESIDE_IT = {
    "a finish reason of its own": _chunk(choices=[_choice(finish_reason="eos")]),
    "no choices": {"id": "1", "delta": {"role": "assistant", "content": " mill"}},
    "no id": _chunk(id=None),
    "an object of its own": _chunk(object="chat.chunk"),
    "fields without a value": _chunk(choices=[{"delta": {"content": "x"}}]),
}


@pytest.mark.parametrize("name", [*_BY_SCHEMA, *_BESIDE_IT])
def test_a_chunk_comes_out_as_the_client_would_have_built_it(name: str) -> None:
    body = {**_BY_SCHEMA, **_BESIDE_IT}[name]
    quick, plain = _client(), _client()
    parse_chunks_by_schema(quick)

    ours, theirs = _parse(quick, body), _parse(plain, body)

    assert ours == theirs
    assert ours.model_extra == theirs.model_extra
    for each, other in zip(ours.choices or (), theirs.choices or (), strict=True):
        assert each.delta == other.delta
        assert _as_read_by_chat_databricks(each.delta) == _as_read_by_chat_databricks(other.delta)


@pytest.mark.parametrize("name", _BY_SCHEMA)
def test_a_chunk_of_the_schema_is_not_built_field_by_field(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client()
    parse_chunks_by_schema(client)
    built: list[type] = []
    monkeypatch.setattr(ChatCompletionChunk, "construct", lambda **_: built.append(object))

    _parse(client, _BY_SCHEMA[name])

    assert built == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": " mill"}], " mill"),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}], ""),
        ([{"type": "reasoning", "summary": []}, {"type": "text", "text": " mill"}], " mill"),
        ([{"type": "text"}, {"type": "text", "text": None}, "hm", None], ""),
        ([], ""),
    ],
)
def test_of_a_content_in_parts_comes_the_text_and_not_what_the_model_thought(
    content: list[Any], text: str
) -> None:
    client = _client()
    parse_chunks_by_schema(client)

    chunk = _parse(client, _chunk(choices=[_choice(delta={"content": content})], usage=_USAGE))

    assert chunk.choices[0].delta.content == text
    assert chunk.usage is not None
    assert chunk.usage.total_tokens == 9


def test_other_replies_are_left_to_the_client() -> None:
    client = _client()
    parse_chunks_by_schema(client)

    reply = client._process_response_data(
        data={"id": "chatcmpl-1", "choices": []}, cast_to=ChatCompletion, response=_RESPONSE
    )

    assert isinstance(reply, ChatCompletion)


def _as_read_by_chat_databricks(delta: BaseModel) -> dict[str, Any]:
    return delta.model_dump(exclude_unset=True, warnings=False)


def _client() -> OpenAI:
    return OpenAI(api_key="none", base_url="http://127.0.0.1:1")


def _parse(client: OpenAI, body: dict[str, Any]) -> ChatCompletionChunk:
    return client._process_response_data(data=body, cast_to=ChatCompletionChunk, response=_RESPONSE)
