"""The worker's chat model reads chunks by their schema; building each by fields is the slow way."""

import pytest
from openai.types.chat import ChatCompletionChunk

from bench.scripted_model.script import Script
from millstream_worker.answering.chat import ChatModel
from millstream_worker.answering.prompt import Message
from millstream_worker.answering.stopping import StopSignal


def test_no_chunk_of_an_answer_is_built_field_by_field(
    chat: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(tokens=20)
    built: list[object] = []
    construct = ChatCompletionChunk.construct

    def counted(**fields: object) -> ChatCompletionChunk:
        built.append(fields)
        return construct(None, **fields)

    monkeypatch.setattr(ChatCompletionChunk, "construct", counted)

    said = "".join(chat.answer([Message("user", f"Why? {script.directive()}")], StopSignal()))

    assert said == script.text
    assert built == []
