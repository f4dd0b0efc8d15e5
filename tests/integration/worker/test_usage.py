"""An answer's usage is what all its requests to the chat endpoint cost, not the last one's only."""

import json
from collections.abc import Iterator

import pytest

from bench.scripted_model.script import Script
from millstream_contract.ledger.new_entries import NewMessage
from tests.harness.servers import Servers
from tests.integration.worker.desk import Desk, staffed_desk

_BY_MODEL = dict.fromkeys(
    ("MILLSTREAM_CONDENSING", "MILLSTREAM_GRADING", "MILLSTREAM_REWRITING"), "model"
)


@pytest.fixture(scope="module")
def model_desk(servers: Servers, migrated_template: str) -> Iterator[Desk]:
    """A desk before a worker that asks the model wherever it may."""
    with (
        servers.backends(migrated_template, _BY_MODEL) as backends,
        staffed_desk(backends) as (desk, _),
    ):
        yield desk


def _saying(**said: object) -> Script:
    """The model says this, as JSON."""
    return Script(literal=(json.dumps(said),))


@pytest.mark.parametrize(
    ("earlier", "question"),
    [
        ("What is the token log?", "And how long does it live?"),
        ("Was ist das Token-Log?", "Und wie lange lebt es?"),
        ("トークンログとは何ですか?", "それはどのくらい保存されますか?"),
    ],
    ids=["English", "German", "Japanese"],
)
def test_condensing_and_grading_count_and_work_in_any_language(
    earlier: str, question: str, model_desk: Desk
) -> None:
    # Given a follow-up that has no word of what it is about
    graded = _saying(numbers=[1])
    query = f"token log stream {graded.directive()}"
    asked = f"{question} {_saying(query=query).directive()}"
    messages = (
        NewMessage("user", (earlier,)),
        NewMessage("assistant", ("Frames.",)),
        NewMessage("user", (asked,)),
    )

    # When it is asked of a worker whose model condenses and grades
    told = model_desk.finished(model_desk.ask(asked, messages=messages))

    # Then what the model made of it was searched for, with the conversation before it
    condensing, answering = model_desk.model.streams(asked)
    assert (condensing.streamed, answering.streamed) == (False, True)
    said = [message["role"] for message in condensing.prompt]
    assert said == ["system", "user", "assistant", "user"]
    assert condensing.prompt[1]["content"] == earlier
    assert told.final["output"][0]["queries"] == [query]
    assert told.row.grounded
    # And all three requests are in the usage
    about_query = model_desk.model.streams(query)
    (grading,) = [call for call in about_query if call.prompt != answering.prompt]
    calls = [condensing, grading, answering]
    usage = told.final["usage"]
    assert usage["output_tokens"] == sum(call.tokens_sent for call in calls) == 3
    words = sum(len(m["content"].split()) for call in calls for m in call.prompt)
    assert (usage["input_tokens"], usage["total_tokens"]) == (words, words + 3)


def test_a_question_that_nothing_helps_with_has_cost_what_was_asked_about_it(
    model_desk: Desk,
) -> None:
    asked = f"What is the fence? {_saying(query='zebra', numbers=[]).directive()}"

    told = model_desk.finished(model_desk.ask(asked))

    calls = model_desk.model.streams(asked)
    assert [call.streamed for call in calls] == [False, False], "it graded, and rewrote"
    assert not told.row.grounded
    assert told.final["usage"]["output_tokens"] == len(calls)
