"""Who waits for a request to the model to be out of the way is told when it is."""

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from millstream_worker.answering.chat import ChatModel
from millstream_worker.answering.prompt import Message
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.model_errors import ModelUnavailable
from tests.harness.ports import free_port
from tests.integration.worker.chat_models import chat_model_at


def test_that_a_request_was_sent_is_told_before_the_model_says_a_word(
    chat: ChatModel, scripted_model: ScriptedModel
) -> None:
    script = Script(tokens=3, gate=("told", 0))
    answer = chat.answer([Message("user", f"Why? {script.directive()}")], StopSignal())
    told: list[str] = []

    def sent() -> None:
        # The model has the request whole, or it could not hold the answer back.
        scripted_model.wait(script.id, "held")
        told.append("sent")
        scripted_model.open_gate("told")

    answer.on_sent = sent
    said = "".join(answer)

    assert told == ["sent"]
    assert said == script.text


def test_it_is_told_as_well_that_a_request_could_not_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MILLSTREAM_MODEL_RETRIES", "0")
    nowhere = chat_model_at(f"http://127.0.0.1:{free_port()}", monkeypatch)
    answer = nowhere.answer([Message("user", "Why?")], StopSignal())
    told: list[str] = []
    answer.on_sent = lambda: told.append("tried")

    with pytest.raises(ModelUnavailable):
        "".join(answer)

    assert told == ["tried"]
