"""Both chat endpoints through the unmodified ChatDatabricks, against the real process."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from databricks_langchain import ChatDatabricks
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
)

pytestmark = [
    pytest.mark.usefixtures("connections_left_open"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

EXTRACTIVE = "extractive"
SMOLLM2 = "smollm2-135m-instruct"
PROMPT = """Passages:

[1] Streams
Redis Streams are append-only logs. XADD appends an entry — “größer” 😀 — to a stream.

[2] Kitchen
A chicken is roasted for an hour.

Question: What does XADD do?"""
ANSWER = "XADD appends an entry — “größer” 😀 — to a stream. [1]"
ASKED: list[BaseMessage] = [SystemMessage("Answer from the passages."), HumanMessage(PROMPT)]

Chat = Callable[..., ChatDatabricks]


@pytest.fixture
def chat(databricks: Any) -> Chat:
    def build(endpoint: str, **settings: Any) -> ChatDatabricks:
        settings = {"temperature": 0.0, "max_tokens": 40, **settings}
        return ChatDatabricks(endpoint=endpoint, workspace_client=databricks, **settings)

    return build


def text_of(message: BaseMessage) -> str:
    assert isinstance(message.content, str)
    return message.content


def streamed(model: ChatDatabricks, messages: list[BaseMessage]) -> list[AIMessageChunk]:
    return [chunk for chunk in model.stream(messages) if isinstance(chunk, AIMessageChunk)]


@pytest.mark.parametrize("endpoint", [EXTRACTIVE, SMOLLM2])
def test_a_stream_adds_up_to_the_plain_answer(chat: Chat, endpoint: str) -> None:
    plain = chat(endpoint).invoke(ASKED)

    chunks = streamed(chat(endpoint), ASKED)

    assert "".join(map(text_of, chunks)) == text_of(plain) != ""
    assert sum(1 for chunk in chunks if chunk.content) > 5


def test_the_extractive_answer_is_the_sentence_with_its_mark(chat: Chat) -> None:
    assert chat(EXTRACTIVE).invoke(ASKED).content == ANSWER


def test_the_extractive_answer_says_so_when_the_passages_do_not_answer(chat: Chat) -> None:
    question = HumanMessage(PROMPT.replace("What does XADD do?", "Who founded Mongolia?"))

    answer = chat(EXTRACTIVE).invoke([question])

    assert answer.content == "The passages do not answer this question."


@pytest.mark.parametrize("endpoint", [EXTRACTIVE, SMOLLM2])
def test_usage_comes_with_the_answer_and_once_with_the_stream(chat: Chat, endpoint: str) -> None:
    plain = chat(endpoint).invoke(ASKED)

    usages = [c.usage_metadata for c in streamed(chat(endpoint), ASKED) if c.usage_metadata]

    assert len(usages) == 1
    assert usages[0]["output_tokens"] > 0
    assert plain.response_metadata["completion_tokens"] == usages[0]["output_tokens"]
    assert plain.response_metadata["prompt_tokens"] == usages[0]["input_tokens"]


@pytest.mark.parametrize("endpoint", [EXTRACTIVE, SMOLLM2])
def test_max_tokens_ends_the_answer_and_says_why(chat: Chat, endpoint: str) -> None:
    chunks = streamed(chat(endpoint, max_tokens=3), ASKED)

    reasons = [c.response_metadata["finish_reason"] for c in chunks if c.response_metadata]
    assert reasons == ["length"]
    assert [c.usage_metadata["output_tokens"] for c in chunks if c.usage_metadata] == [3]


def test_an_extractive_answer_cut_anywhere_is_continued_byte_for_byte(chat: Chat) -> None:
    model = chat(EXTRACTIVE)

    for cut in range(len(ANSWER) + 1):
        rest = model.invoke([*ASKED, AIMessage(ANSWER[:cut])])

        assert ANSWER[:cut] + text_of(rest) == ANSWER


def test_a_continued_stream_gives_the_rest_only(chat: Chat) -> None:
    rest = streamed(chat(EXTRACTIVE), [*ASKED, AIMessage(ANSWER[:20])])

    assert ANSWER[:20] + "".join(map(text_of, rest)) == ANSWER


@pytest.mark.parametrize("tokens", [1, 8, 25])
def test_the_language_model_goes_on_where_its_answer_was_cut(chat: Chat, tokens: int) -> None:
    whole = [text_of(chunk) for chunk in streamed(chat(SMOLLM2), ASKED)]
    prefix = "".join(whole[:tokens])

    rest = chat(SMOLLM2, max_tokens=40 - tokens).invoke([*ASKED, AIMessage(prefix)])

    assert prefix + text_of(rest) == "".join(whole)


@pytest.mark.parametrize("prefix", ["- ", "XADD\n\n", "Größe 😀", "  "])
def test_the_language_model_never_repeats_the_prefix(chat: Chat, prefix: str) -> None:
    rest = text_of(chat(SMOLLM2, max_tokens=8).invoke([*ASKED, AIMessage(prefix)]))

    streamed_rest = streamed(chat(SMOLLM2, max_tokens=8), [*ASKED, AIMessage(prefix)])

    assert "".join(map(text_of, streamed_rest)) == rest
    assert not rest.startswith(prefix.strip() or "\0")


def test_an_answer_is_cut_before_a_stop_text(chat: Chat) -> None:
    assert chat(EXTRACTIVE, stop=[" to a"]).invoke(ASKED).content == ANSWER.partition(" to a")[0]


def test_the_language_model_answers_in_the_form_of_a_schema(chat: Chat) -> None:
    schema = {
        "title": "Grade",
        "type": "object",
        "properties": {"relevant": {"type": "boolean"}},
        "required": ["relevant"],
    }

    grader = chat(SMOLLM2).with_structured_output(schema, method="json_schema")

    assert isinstance(grader.invoke(ASKED)["relevant"], bool)


def test_an_unknown_endpoint_is_not_found(chat: Chat) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        chat("no-such-model").invoke(ASKED)

    assert caught.value.response.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert "no-such-model" in caught.value.response.json()["message"]


def test_a_prompt_beyond_the_models_context_is_refused_before_the_stream(chat: Chat) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        streamed(chat(SMOLLM2), [HumanMessage("word " * 5000)])

    assert caught.value.response.json()["message"].startswith("messages: ")
