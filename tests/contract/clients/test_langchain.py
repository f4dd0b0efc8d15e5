"""LangChain's clients of the two APIs, pointed at Millstream and otherwise as they are."""

import gc
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks_langchain import ChatDatabricks
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI
from openai import DefaultHttpxClient

from bench.scripted_model.script import Script
from tests.contract.clients.asked import newest_text, question
from tests.harness.stack import Stack

MODEL = "scripted-chat"

# The Databricks SDK and these clients have no way to close what they have opened.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.usefixtures("sockets_of_clients"),
]

Make = Callable[[str], BaseChatModel]


def _openai_responses(url: str) -> BaseChatModel:
    return _openai(url, use_responses_api=True)


def _openai_chats(url: str) -> BaseChatModel:
    return _openai(url, use_responses_api=False)


def _openai(url: str, *, use_responses_api: bool) -> BaseChatModel:
    settings: dict[str, Any] = {
        "base_url": f"{url}/v1",
        "api_key": "none",
        # Its own is shared and never closed.
        "http_client": DefaultHttpxClient(),
    }
    model: BaseChatModel = ChatOpenAI(model=MODEL, use_responses_api=use_responses_api, **settings)
    return model


def _databricks_responses(url: str) -> BaseChatModel:
    return _databricks(url, use_responses_api=True)


def _databricks_chats(url: str) -> BaseChatModel:
    return _databricks(url, use_responses_api=False)


def _databricks(url: str, *, use_responses_api: bool) -> BaseChatModel:
    workspace = WorkspaceClient(config=Config(host=url, token="none", auth_type="pat"))
    model: BaseChatModel = ChatDatabricks(
        model=MODEL, use_responses_api=use_responses_api, workspace_client=workspace
    )
    return model


@pytest.fixture(scope="module")
def sockets_of_clients() -> Iterator[None]:
    """Let go of the clients' connections before other tests are held to have left none."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(params=[_openai_responses, _openai_chats, _databricks_responses, _databricks_chats])
def model(request: pytest.FixtureRequest, stack: Stack) -> Iterator[BaseChatModel]:
    make: Make = request.param
    made = make(stack.api_url)
    yield made
    if isinstance(made, ChatDatabricks):
        made.client.close()
    if isinstance(made, ChatOpenAI):
        made.root_client.close()


def _text(message: BaseMessage) -> str:
    return str(message.text)


def test_a_streamed_answer_is_exact(model: BaseChatModel, stack: Stack) -> None:
    script = Script(tokens=30, seed=41)

    pieces = [_text(chunk) for chunk in model.stream(question(script))]

    assert "".join(pieces) == script.text == newest_text(stack, script)
    assert len([piece for piece in pieces if piece]) > 1


def test_a_whole_answer_is_exact_and_counted(model: BaseChatModel, stack: Stack) -> None:
    script = Script(tokens=30, seed=42)

    answer = model.invoke([("system", "Be brief."), ("user", question(script))])

    assert _text(answer) == script.text == newest_text(stack, script)
    assert getattr(answer, "usage_metadata")["output_tokens"] == 30  # noqa: B009


def test_an_answer_is_sent_back_as_context(model: BaseChatModel) -> None:
    first, second = Script(tokens=8, seed=43), Script(tokens=8, seed=44)
    asked = HumanMessage(question(first))
    answer = model.invoke([asked])

    followed = model.invoke([asked, answer, HumanMessage(question(second))])

    assert _text(followed) == second.text
