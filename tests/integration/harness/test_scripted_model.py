"""The scripted model, called by the client that the product uses."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks_langchain import ChatDatabricks
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from bench.scripted_model.client import ScriptedModel, ScriptedModelError
from bench.scripted_model.fault import Fault
from bench.scripted_model.script import AWKWARD_TOKENS, Script, joined, scripted_tokens
from tests.harness.deadlines import scaled
from tests.harness.ports import free_port


@pytest.fixture
def workspace(scripted_model: ScriptedModel) -> Iterator[WorkspaceClient]:
    config = Config(
        host=scripted_model.url, token="t", retry_timeout_seconds=5, http_timeout_seconds=5
    )
    client = WorkspaceClient(config=config)
    yield client
    client.api_client._api_client._session.close()  # it has no close of its own


@pytest.fixture
def chat(workspace: WorkspaceClient) -> Iterator[ChatDatabricks]:
    with chat_of(workspace) as chat:
        yield chat


@contextmanager
def chat_of(workspace: WorkspaceClient, **settings: Any) -> Iterator[ChatDatabricks]:
    chat = ChatDatabricks(endpoint="scripted-chat", workspace_client=workspace, **settings)
    yield chat
    chat.client.close()
    gc.collect()  # its streams hold themselves, and their connections with them


def asked(script: Script) -> list[BaseMessage]:
    return [HumanMessage(f"What is a log? {script.directive()}")]


def tokens_of(chat: ChatDatabricks, script: Script) -> Iterator[str]:
    for chunk in chat.stream(asked(script)):
        if chunk.response_metadata.get("finish_reason"):
            return
        yield str(chunk.content)


def test_chat_databricks_streams_every_token_exactly(chat: ChatDatabricks) -> None:
    script = Script(tokens=400, seed=7)

    assert list(tokens_of(chat, script)) == scripted_tokens(7, 400)


def test_the_journal_tells_when_each_token_was_sent_if_asked(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    timed, untimed = Script(tokens=30, timed=True), Script(tokens=30)
    list(tokens_of(chat, timed))
    list(tokens_of(chat, untimed))

    (call,) = scripted_model.wait(timed.id, "ended")
    (other,) = scripted_model.wait(untimed.id, "ended")

    assert call.sent_at is not None
    assert len(call.sent_at) == 30
    assert call.sent_at == sorted(call.sent_at)
    assert other.sent_at is None


@pytest.mark.parametrize("token", [*AWKWARD_TOKENS, "w" * 20_000])
def test_chat_databricks_gives_an_awkward_token_exactly(chat: ChatDatabricks, token: str) -> None:
    script = Script(literal=("a", token, "b"))

    assert "".join(tokens_of(chat, script)) == f"a{token}b"


def test_an_emoji_split_over_chunks_arrives_as_its_two_halves(chat: ChatDatabricks) -> None:
    script = Script(literal=("a", "\ud83d", "\ude00", "b"))

    arrived = list(tokens_of(chat, script))

    assert arrived == ["a", "\ud83d", "\ude00", "b"]
    assert joined(arrived) == script.text == "a\N{GRINNING FACE}b"


def test_an_answer_that_is_not_streamed_is_the_same_text(chat: ChatDatabricks) -> None:
    script = Script(tokens=50, seed=3)

    answer = chat.invoke(asked(script))

    assert answer.content == script.text


def test_the_finish_reason_and_the_usage_come_at_the_end(
    chat: ChatDatabricks,
) -> None:
    script = Script(tokens=50, seed=3, finish="length")

    chunks = list(chat.stream(asked(script)))

    finishes = [chunk.response_metadata.get("finish_reason") for chunk in chunks]
    assert [reason for reason in finishes if reason] == ["length"]
    usage = [chunk.usage_metadata["output_tokens"] for chunk in chunks if chunk.usage_metadata]
    assert set(usage) == {50}


def test_registered_tokens_are_played_by_name(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    scripted_model.script("long words", ["w" * 200_000, "\ud83d", "\ude00"])

    arrived = list(tokens_of(chat, Script(name="long words")))

    assert joined(arrived) == "w" * 200_000 + "\N{GRINNING FACE}"


def test_an_assistant_message_is_continued(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    script = Script(tokens=60, seed=5)
    known = script.text[:100]

    arrived = [str(c.content) for c in chat.stream([*asked(script), AIMessage(known)])]

    assert known + "".join(arrived) == script.text
    assert scripted_model.streams(script.id)[0].continued_from == 100


def test_continuing_can_be_switched_off(chat: ChatDatabricks) -> None:
    script = Script(tokens=60, seed=5, continues=False)

    arrived = [str(c.content) for c in chat.stream([*asked(script), AIMessage(script.text[:100])])]

    assert "".join(arrived) == script.text


def test_a_gate_holds_the_stream_until_it_opens(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    script = Script(tokens=40, seed=2, gate=("half way", 20))
    stream = tokens_of(chat, script)

    first = [next(stream) for _ in range(20)]
    (held,) = scripted_model.wait(script.id, "held")
    scripted_model.open_gate("half way")

    assert held.tokens_sent == 20
    assert first + list(stream) == scripted_tokens(2, 40)


def test_what_stands_at_a_gate_is_let_go_and_the_gate_stays_closed(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    script, later = (Script(tokens=40, seed=seed, gate=("shut", 20)) for seed in (2, 3))
    stream = tokens_of(chat, script)
    next(stream)
    scripted_model.wait(script.id, "held")

    scripted_model.let_go()
    list(stream)
    other = tokens_of(chat, later)
    next(other)

    assert scripted_model.wait(later.id, "held")[0].tokens_sent == 20
    scripted_model.let_go()
    assert len(list(other)) == 39


def test_no_token_comes_before_its_time(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    script = Script(tokens=11, rate=100, first_ms=50)

    list(tokens_of(chat, script))

    (call,) = scripted_model.wait(script.id, "ended")
    assert call.first_token_at is not None
    assert call.ended_at is not None
    assert call.first_token_at - call.started_at >= 50_000
    assert call.ended_at - call.started_at >= 150_000


@pytest.mark.parametrize("script", [Script(gate=("never", 3)), Script(tokens=10_000, rate=200)])
def test_a_closed_connection_is_seen_as_closed(
    scripted_model: ScriptedModel, script: Script
) -> None:
    question = {"role": "user", "content": script.directive()}
    body = {"model": "m", "stream": True, "messages": [question]}
    url = f"{scripted_model.url}/serving-endpoints/chat/completions"
    with httpx.stream("POST", url, json=body) as response:
        next(response.iter_lines())

    (call,) = scripted_model.wait(script.id, "client_closed")
    assert 1 <= call.tokens_sent < script.tokens


def test_closing_the_response_below_a_chat_databricks_stream_ends_the_call(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    # Closing the generator is not enough: the stream of openai holds itself, and its connection,
    # until the garbage collector comes by.
    script = Script(gate=("never", 3))
    responses: list[httpx.Response] = []
    chat.client._client.event_hooks = {"response": [responses.append]}
    stream = chat.stream(asked(script))
    next(stream)
    scripted_model.wait(script.id, "held")

    stream.close()
    responses[-1].close()

    assert scripted_model.wait(script.id, "client_closed")[0].tokens_sent == 3


def test_a_cut_stream_raises_with_the_tokens_before_given(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    script = Script(tokens=40, seed=4, fault=Fault("cut", 20))
    arrived = []

    def read() -> None:
        for token in tokens_of(chat, script):
            arrived.append(token)  # noqa: PERF402 - extend would drop what came before the error

    with pytest.raises(openai.APIConnectionError):
        read()

    assert arrived == scripted_tokens(4, 20)
    assert scripted_model.wait(script.id, "fault")[0].tokens_sent == 20


def test_an_error_in_mid_stream_raises(chat: ChatDatabricks) -> None:
    with pytest.raises(openai.APIError, match="scripted fault"):
        list(tokens_of(chat, Script(fault=Fault("error_event", 3))))


def test_garbage_in_mid_stream_raises(chat: ChatDatabricks) -> None:
    with pytest.raises(ValueError, match="property name"):
        list(tokens_of(chat, Script(fault=Fault("garbage", 3))))


def test_an_end_without_finish_reason_looks_like_an_end(chat: ChatDatabricks) -> None:
    script = Script(tokens=40, seed=4, fault=Fault("no_finish", 20))

    chunks = list(chat.stream(asked(script)))

    assert not any(chunk.response_metadata.get("finish_reason") for chunk in chunks)
    assert "".join(str(chunk.content) for chunk in chunks) == joined(scripted_tokens(4, 20))


def test_a_stalled_stream_ends_by_the_read_timeout(
    workspace: WorkspaceClient, scripted_model: ScriptedModel
) -> None:
    script = Script(fault=Fault("stall", 3))

    with chat_of(workspace, timeout=0.3) as chat, pytest.raises(openai.APITimeoutError):
        list(tokens_of(chat, script))

    assert all(call.tokens_sent <= 3 for call in scripted_model.wait(script.id, "client_closed"))


def test_a_stalled_stream_has_its_tokens_and_is_silent_until_the_client_goes(
    scripted_model: ScriptedModel,
) -> None:
    script = Script(fault=Fault("stall", 3))
    question = {"role": "user", "content": script.directive()}
    body = {"model": "m", "stream": True, "messages": [question]}
    with httpx.Client(base_url=scripted_model.url, trust_env=False, timeout=scaled(30)) as http:
        with http.stream("POST", "/serving-endpoints/chat/completions", json=body) as response:
            events = filter(None, response.iter_lines())
            arrived = [json.loads(next(events).removeprefix("data: ")) for _ in range(3)]

    tokens = [one["choices"][0]["delta"]["content"] for one in arrived]
    assert tokens == script.token_list[:3]
    assert scripted_model.wait(script.id, "client_closed")[0].tokens_sent == 3


def test_a_busy_endpoint_is_asked_again(
    chat: ChatDatabricks, scripted_model: ScriptedModel
) -> None:
    script = Script(fault=Fault("status", 429, retry_after_seconds=0.01), fault_times=2)

    assert "".join(tokens_of(chat, script)) == script.text

    ends = [call.end for call in scripted_model.streams(script.id)]
    assert ends == ["fault", "fault", "complete"]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault("refuse"), openai.APIConnectionError),
        (Fault("status", 500), openai.InternalServerError),
        (Fault("status", 400), openai.BadRequestError),
    ],
)
def test_a_call_that_fails_before_its_first_token_raises(
    workspace: WorkspaceClient, fault: Fault, raised: type[Exception]
) -> None:
    with chat_of(workspace, max_retries=0) as chat, pytest.raises(raised):
        list(tokens_of(chat, Script(fault=fault)))


def test_a_fault_of_streams_lets_plain_calls_pass(chat: ChatDatabricks) -> None:
    script = Script(fault=Fault("cut", 3))

    assert chat.invoke(asked(script)).content == script.text


def test_a_plain_call_can_be_cut_too(workspace: WorkspaceClient) -> None:
    script = Script(fault=Fault("cut", 3), fault_on="both")

    with chat_of(workspace, max_retries=0) as chat, pytest.raises(openai.APIConnectionError):
        chat.invoke(asked(script))


def test_a_bad_directive_is_answered_with_400(chat: ChatDatabricks) -> None:
    with pytest.raises(openai.BadRequestError, match="speed"):
        chat.invoke("What? [[script speed=9]]")


def test_embeddings_find_the_passage_that_shares_words(workspace: WorkspaceClient) -> None:
    passages = ["The relay fills a hole from the log.", "Bananas ripen.", "Stop is durable."]

    query, *vectors = embedded(workspace, ["Which part fills a hole in the log?", *passages])

    scores = [sum(a * b for a, b in zip(query, vector, strict=True)) for vector in vectors]
    assert [len(vector) for vector in vectors] == [384, 384, 384]
    assert scores.index(max(scores)) == 0


def embedded(workspace: WorkspaceClient, texts: list[str]) -> list[list[float]]:
    path = "/serving-endpoints/scripted-embeddings/invocations"
    reply = workspace.api_client.do("POST", path, body={"input": texts, "input_type": "query"})
    assert isinstance(reply, dict)
    return [item["embedding"] for item in reply["data"]]


def test_waiting_for_what_does_not_happen_ends_and_says_what_was_seen(
    scripted_model: ScriptedModel,
) -> None:
    with pytest.raises(ScriptedModelError, match="no such question"):
        scripted_model.wait("no such question", "ended", timeout_seconds=0.05)


def test_a_stopped_server_refuses_and_comes_back_on_its_port() -> None:
    port = free_port()
    with ScriptedModel.start(port=port) as first:
        assert first.port == port
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/control/streams")

    with ScriptedModel.start(port=port) as second:
        assert second.port == port
        assert second.streams() == []
