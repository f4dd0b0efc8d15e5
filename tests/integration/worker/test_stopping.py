"""A stop ends an answer whatever it is doing, and its request to the model with it."""

import pytest

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script, joined
from millstream_contract.keys import LEASES_KEY
from tests.harness.processes import ServerProcess
from tests.integration.worker.desk import OWNER, Desk
from tests.integration.worker.test_answering import asked


def test_a_stop_within_an_answer_closes_the_model_and_keeps_the_text(desk: Desk) -> None:
    script = Script(tokens=50, gate=("never", 20))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")
    shown = joined(script.token_list[:20])
    desk.until_text(response_id, len(shown))

    desk.cancel(response_id)

    told = desk.finished(response_id)
    (call,) = desk.model.wait(script.id, "client_closed")
    assert call.tokens_sent == 20
    assert told.types[-1] == "response.incomplete"
    assert told.final["status"] == "cancelled"
    assert told.final["usage"] is None
    assert told.text == shown
    assert told.final["output"][1]["status"] == "incomplete"


def test_a_stop_within_an_answer_keeps_what_the_model_had_counted(desk: Desk) -> None:
    script = Script(tokens=50, gate=("never", 20), counts_each=True)
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")
    shown = joined(script.token_list[:20])
    desk.until_text(response_id, len(shown))

    desk.cancel(response_id)

    told = desk.finished(response_id)
    assert told.final["status"] == "cancelled"
    assert told.final["usage"]["output_tokens"] == 20


def test_a_stop_before_the_first_token_closes_the_model(desk: Desk) -> None:
    script = Script(tokens=50, gate=("never", 0))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    desk.cancel(response_id)

    desk.model.wait(script.id, "client_closed")
    told = desk.finished(response_id)
    assert told.final["status"] == "cancelled"
    assert [item["type"] for item in told.final["output"]] == ["file_search_call"]


def test_a_stop_before_the_worker_began_never_reaches_the_model(desk: Desk) -> None:
    script = Script()
    with desk.unseen() as unseen:
        row = unseen.accept(asked(script))
        unseen.cancel(row.id)

    desk.send(row.id)

    told = desk.finished(row.id)
    assert told.final["status"] == "cancelled"
    assert told.final["output"] == []
    assert desk.model.streams(script.id) == []


def test_a_stop_after_the_end_changes_nothing(desk: Desk) -> None:
    told = desk.finished(desk.ask(asked(Script(tokens=5))))

    desk.cancel(told.row.id)
    desk.finished(desk.ask(asked(Script(tokens=5))))

    assert desk.finished(told.row.id) == told


def test_a_stop_ends_the_wait_for_a_model_that_asked_for_patience(desk: Desk) -> None:
    script = Script(fault=Fault("status", 429, retry_after_seconds=60))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "fault")

    desk.cancel(response_id)

    told = desk.finished(response_id, seconds=5)
    assert told.final["status"] == "cancelled"


def test_a_stop_that_was_only_written_to_the_log_is_found_with_the_next_token(desk: Desk) -> None:
    script = Script(tokens=2_000, rate=200)
    response_id = desk.ask(asked(script))
    desk.until_text(response_id, 10)

    desk.redis.hset(f"millstream:{{{response_id}}}:state", "stop", "1")

    told = desk.finished(response_id)
    desk.model.wait(script.id, "client_closed")
    assert told.final["status"] == "cancelled"
    assert script.text.startswith(told.text)


def test_a_stop_that_was_only_written_to_the_ledger_is_found(desk: Desk) -> None:
    """As when the API process dies between the two."""
    script = Script(tokens=50, gate=("never", 20))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")

    desk.ledger.responses.request_cancel(response_id, OWNER)

    desk.model.wait(script.id, "client_closed")
    assert desk.finished(response_id).final["status"] == "cancelled"


@pytest.mark.parametrize("tokens_before", [0, 20])
def test_deleting_the_conversation_closes_the_model_and_counts_as_no_loss(
    desk: Desk, worker: ServerProcess, tokens_before: int
) -> None:
    conversation = desk.ledger.conversations.create(OWNER, "", {})
    script = Script(tokens=50, gate=("never", tokens_before))
    response_id = desk.ask(asked(script), conversation_id=conversation.id)
    desk.model.wait(script.id, "held")

    desk.log.forget(desk.ledger.conversations.delete(conversation.id, OWNER))

    desk.model.wait(script.id, "client_closed")
    worker.wait_for_line(f"{response_id} attempt 1: deleted", 30)
    assert not desk.log.count(response_id)
    assert desk.redis.zscore(LEASES_KEY, f"{response_id}/1") is None
    assert not any(response_id in line for line in worker.lines if "is gone" in line)
    # The worker is well: it answers the next one.
    desk.finished(desk.ask(asked(Script(tokens=5))))
