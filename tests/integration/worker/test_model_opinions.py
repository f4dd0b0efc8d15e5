"""Grading and rewriting by the chat model; an opinion that cannot be had costs nothing."""

import json
from typing import Any

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script
from millstream_contract.objects import Usage
from millstream_worker.answering.chat import ChatModel
from millstream_worker.answering.model_opinions import helpful_by_model, query_by_model
from millstream_worker.answering.prompt import Message
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.answering.tools import AnswerTools, Models
from millstream_worker.settings import AnswerSettings
from tests.unit.worker.rows import claimed_row, passage

PASSAGES = [passage("one", number=1), passage("two", number=2)]


def _unheard(_: Usage) -> None:
    """What a request cost is not looked at."""


def saying(said: object) -> str:
    return f"Why? {Script(literal=(json.dumps(said),)).directive()}"


def test_the_model_says_which_passages_help(chat: ChatModel) -> None:
    kept = helpful_by_model(chat, saying({"numbers": [2, 9]}), PASSAGES, StopSignal(), _unheard)

    assert kept == PASSAGES[1:]


@pytest.mark.parametrize("said", [{"numbers": "all"}, {}, [1], "yes"], ids=repr)
def test_an_opinion_that_makes_no_sense_keeps_all_passages(chat: ChatModel, said: object) -> None:
    counted: list[Usage] = []

    assert helpful_by_model(chat, saying(said), PASSAGES, StopSignal(), counted.append) == PASSAGES
    assert [usage.output_tokens for usage in counted] == [1], "it was paid for all the same"


@pytest.mark.parametrize("kind", ["cut", "refuse"])
def test_an_opinion_that_cannot_be_had_keeps_all_passages(chat: ChatModel, kind: str) -> None:
    fault = Fault.parse("refuse" if kind == "refuse" else "cut:1")
    question = f"Why? {Script(tokens=3, fault=fault, fault_on='both').directive()}"

    assert helpful_by_model(chat, question, PASSAGES, StopSignal(), _unheard) == PASSAGES
    assert query_by_model(chat, question, [], StopSignal(), _unheard) is None


def test_the_model_rewrites_a_question_with_the_conversation(
    chat: ChatModel, scripted_model: ScriptedModel
) -> None:
    question = saying({"query": " token log lifetime "})
    history = [Message("user", "What is a log?"), Message("assistant", "A stream.")]

    counted: list[Usage] = []

    query = query_by_model(chat, question, history, StopSignal(), counted.append)

    assert query == "token log lifetime"
    assert [usage.output_tokens for usage in counted] == [1]
    (call,) = [call for call in scripted_model.streams(question) if not call.streamed]
    assert [message["role"] for message in call.prompt] == ["system", "user", "assistant", "user"]


def test_the_model_condenses_a_question_with_what_it_follows(chat: ChatModel) -> None:
    history = [Message("user", "What is autovacuum?"), Message("assistant", "A daemon.")]
    question = f"And {saying({'query': 'disable autovacuum'})}"

    condensed = {
        way: _tools(chat, way).condense(question, history) for way in ("model", "keywords", "off")
    }

    assert condensed["model"] == "disable autovacuum"
    assert condensed["keywords"] == f"autovacuum: {question}"
    assert condensed["off"] == question


@pytest.mark.parametrize(
    ("before", "question"),
    [
        ("What is autovacuum?", "When is it turned off?"),
        ("Was ist Autovacuum?", "Und wie schalte ich es aus?"),
        ("自動バキュームとは何ですか?", "それを無効にするには?"),
    ],
)
def test_unless_set_otherwise_the_model_condenses_in_any_language(
    before: str, question: str, chat: ChatModel
) -> None:
    asked = f"{question} {saying({'query': 'disable autovacuum'})}"
    history = [Message("user", before), Message("assistant", "A daemon.")]

    assert _tools(chat).condense(asked, history) == "disable autovacuum"


def test_a_model_that_cannot_condense_leaves_it_to_the_key_words(chat: ChatModel) -> None:
    fault = Fault.parse("refuse")
    script = Script(tokens=1, fault=fault, fault_on="both")
    question = f"And how do I turn it off? {script.directive()}"
    history = [Message("user", "What is autovacuum?"), Message("assistant", "A daemon.")]

    assert _tools(chat).condense(question, history) == f"autovacuum: {question}"


def _tools(chat: ChatModel, condensing: str | None = None) -> AnswerTools:
    changes = {"condensing": condensing} if condensing else {}
    settings = AnswerSettings().model_copy(update=changes)  # type: ignore[call-arg]
    unused: Any = None
    return AnswerTools(claimed_row(), unused, Models(chat, unused), settings, StopSignal())
