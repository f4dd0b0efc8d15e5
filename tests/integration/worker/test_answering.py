"""A real worker process answers: queue, graph, model over HTTP, token log, ledger."""

import pytest

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import AWKWARD_TOKENS, Script, joined
from tests.integration.worker.desk import Desk

ORDER = [
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.file_search_call.completed",
    "response.output_item.done",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def asked(script: Script) -> str:
    return f"What is the token log? {script.directive()}"


def test_an_answer_is_streamed_and_stored_alike(desk: Desk) -> None:
    script = Script(tokens=300, seed=11)

    told = desk.finished(desk.ask(asked(script)))

    assert told.text == script.text
    assert [kind for kind in ORDER if kind in told.types] == ORDER
    assert told.types.count("response.output_text.delta") > 250
    assert told.final["usage"]["output_tokens"] == 300
    assert told.final["millstream"]["grounded"] is True
    assert told.final["output"][0]["results"][0]["filename"] == "Token log"
    timings = told.final["millstream"]["timings"]
    assert None not in [timings[name] for name in timings if name != "rewrite_ms"]
    assert timings["queue_ms"] <= timings["first_token_ms"] <= timings["total_ms"]


@pytest.mark.parametrize(
    "tokens",
    [
        AWKWARD_TOKENS,
        ("a", "\ud83d", "\ude00", "b"),
        ("lone \ud83d", " half", "\0"),
        ("x" * 20_000,),
        ("",),
    ],
    ids=["awkward", "split-emoji", "lone-half", "word-of-20-kB", "nothing"],
)
def test_awkward_text_arrives_and_is_stored_unchanged(desk: Desk, tokens: tuple[str, ...]) -> None:
    desk.model.script("awkward", tokens)
    expected = "".join(tokens).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    told = desk.finished(desk.ask("What is the token log? [[script name=awkward]]"))

    assert told.text == expected.replace("\0", "\ufffd")


def test_marks_of_passages_become_citations_also_when_split(desk: Desk) -> None:
    script = Script(literal=("It is a stream [", "1", "]", ". And [9] is nothing."))

    told = desk.finished(desk.ask(asked(script)))

    (annotation,) = told.final["output"][1]["content"][0]["annotations"]
    assert annotation["filename"] == "Token log"
    assert told.text[: annotation["index"]].endswith("[1]")
    assert told.types.count("response.output_text.annotation.added") == 1


def test_a_question_that_the_documents_do_not_answer_never_reaches_the_model(desk: Desk) -> None:
    told = desk.finished(desk.ask("Zyzzyva quux?"))

    assert told.final["status"] == "completed"
    assert told.final["millstream"]["grounded"] is False
    assert "documents do not answer" in told.text
    assert desk.model.streams("Zyzzyva") == []
    assert told.final["millstream"]["timings"]["rewrite_ms"] is not None


def test_earlier_turns_stand_between_instructions_and_question(desk: Desk) -> None:
    conversation = desk.ledger.conversations.create("tester", "", {}).id
    first = Script(literal=("A stream ", "[1]."))
    second = Script(literal=("Yes.",))
    desk.finished(desk.ask(asked(first), conversation_id=conversation))

    desk.finished(desk.ask(asked(second), conversation_id=conversation, instructions="In French."))

    (call,) = desk.model.streams(second.id)
    assert [message["role"] for message in call.prompt] == ["system", "user", "assistant", "user"]
    assert call.prompt[0]["content"].endswith("In French.")
    assert call.prompt[2]["content"] == "A stream."
    assert call.prompt[3]["content"].startswith("Passages:\n\n[1] Token log\nThe token log is")
    assert call.prompt[3]["content"].endswith(f"\n\nQuestion: {asked(second)}")


def test_a_follow_up_question_is_searched_with_the_words_of_the_one_before(desk: Desk) -> None:
    conversation = desk.ledger.conversations.create("tester", "", {}).id
    desk.finished(desk.ask(asked(Script()), conversation_id=conversation))

    told = desk.finished(desk.ask("Qwertz?", conversation_id=conversation))

    search = told.final["output"][0]
    assert search["queries"][1].startswith("qwertz token log")
    assert search["results"][0]["filename"] == "Token log"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "max_output_tokens"), ("content_filter", "content_filter")],
)
def test_an_answer_that_the_model_ends_early_is_incomplete(
    desk: Desk, finish: str, reason: str
) -> None:
    script = Script(tokens=5, finish=finish)

    told = desk.finished(desk.ask(asked(script)))

    assert told.final["status"] == "incomplete"
    assert told.final["incomplete_details"] == {"reason": reason}
    assert told.text == script.text


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("refuse"), "model_unavailable"),
        (Fault("status", 400), "model_refused"),
        (Fault("status", 500), "model_unavailable"),
        (Fault("status", 429, retry_after_seconds=0), "rate_limit_exceeded"),
        (Fault("cut", 20), "model_cut"),
        (Fault("error_event", 20), "model_cut"),
        (Fault("no_finish", 20), "model_cut"),
        (Fault("garbage", 20), "model_cut"),
    ],
    ids=str,
)
def test_a_fault_of_the_model_fails_the_answer_and_keeps_its_text(
    desk: Desk, fault: Fault, code: str
) -> None:
    fails_and_keeps_its_text(desk, fault, code)


def fails_and_keeps_its_text(desk: Desk, fault: Fault, code: str) -> None:
    """Ask a model with a fault, and look how the answer ends."""
    script = Script(tokens=40, fault=fault)

    told = desk.finished(desk.ask(asked(script)))

    assert told.final["status"] == "failed"
    assert told.final["error"]["code"] == code
    assert "scripted" not in told.final["error"]["message"]
    shown = 0 if fault.before_answer else fault.number
    assert told.text == joined(script.token_list[:shown])
    assert told.types[-1] == "response.failed"


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_that_fails_before_its_first_token_is_repeated(desk: Desk, status: int) -> None:
    fault = Fault("status", status, retry_after_seconds=0)
    script = Script(tokens=10, fault=fault, fault_times=1)

    told = desk.finished(desk.ask(asked(script)))

    assert told.final["status"] == "completed"
    assert told.text == script.text


def test_a_repeated_message_does_nothing(desk: Desk) -> None:
    script = Script(tokens=30, gate=("repeated", 10))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    desk.send(response_id)
    other = Script(tokens=3)
    desk.finished(desk.ask(asked(other)))  # it was behind the repeated message
    desk.model.open_gate("repeated")
    told = desk.finished(response_id)
    desk.send(response_id)
    desk.finished(desk.ask(asked(Script(tokens=3))))

    assert told.text == script.text
    assert len(desk.model.streams(script.id)) == 1
    assert list(desk.log.read_all(response_id)) == told.frames


def test_a_message_for_nobody_does_no_harm(desk: Desk) -> None:
    desk.send("resp_" + "0" * 32)
    desk.queue.send_task("millstream.answer", ["too", "many", "words"], queue="answers")
    desk.queue.send_task("millstream.unknown", [], queue="answers")

    told = desk.finished(desk.ask(asked(Script(tokens=3))))

    assert told.final["status"] == "completed"


def test_a_log_without_its_opening_gets_it_from_the_worker(desk: Desk) -> None:
    script = Script(tokens=5)
    with desk.unseen() as unseen:
        row = unseen.accept(asked(script))
        opened = list(desk.log.read_all(row.id))
        desk.redis.delete(*desk.redis.keys(f"millstream:*{row.id}*"))

    desk.send(row.id)
    told = desk.finished(row.id)

    assert told.frames[:2] == opened
    assert told.text == script.text
