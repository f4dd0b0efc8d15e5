"""Impossible states in Redis: the answer is the model's, told whole, or failed with its reason."""

from collections.abc import Callable

import pytest

from bench.scripted_model.script import Script, joined
from millstream_contract.keys import log_key, state_key
from tests.harness.processes import ServerProcess
from tests.integration.worker.desk import Desk, Told
from tests.integration.worker.test_answering import asked

MAX_ATTEMPTS = 5
"""The worker's own default."""

Spoil = Callable[[Desk, str], None]


def fence(desk: Desk, response_id: str) -> None:
    desk.redis.hset(state_key(response_id), "attempt", "999")


def stray_entry(desk: Desk, response_id: str) -> None:
    desk.redis.xadd(log_key(response_id), {"f": "x"})


def garbage_next(desk: Desk, response_id: str) -> None:
    following = desk.log.count(response_id) + 1
    desk.redis.xadd(log_key(response_id), {"f": "garbage"}, id=f"1-{following}")


def another_number_next(desk: Desk, response_id: str) -> None:
    following = desk.log.count(response_id) + 1
    data = desk.log.read_after(response_id, 0)[0].data
    desk.redis.xadd(log_key(response_id), {"f": data}, id=f"1-{following}")


def far_count(desk: Desk, response_id: str) -> None:
    desk.redis.hset(state_key(response_id), "count", "999")


def hole(desk: Desk, response_id: str) -> None:
    desk.redis.xdel(log_key(response_id), "0-2")


def foreign_log(desk: Desk, response_id: str) -> None:
    desk.redis.set(log_key(response_id), "foreign")


def foreign_state(desk: Desk, response_id: str) -> None:
    desk.redis.delete(state_key(response_id))
    desk.redis.lpush(state_key(response_id), "foreign")


def ended(desk: Desk, response_id: str) -> Told:
    """Wait for the end in the ledger first: until then the log may be no log."""
    desk.stored_end(response_id)
    return desk.finished(response_id)


def claimed(desk: Desk, question: str, *, attempts: int) -> str:
    """Accept a question that is claimed so often before anybody sees it."""
    with desk.unseen() as unseen:
        response_id = unseen.accept(question).id
        for attempt in range(1, attempts + 1):
            assert unseen.ledger.responses.claim(response_id, attempt) is not None
    return response_id


SEEN_BY_AN_APPEND: list[Spoil] = [
    fence,
    stray_entry,
    garbage_next,
    another_number_next,
    far_count,
    foreign_log,
    foreign_state,
]


@pytest.mark.parametrize("spoil", SEEN_BY_AN_APPEND)
def test_what_is_spoiled_in_mid_answer_costs_no_event(
    desk: Desk, worker: ServerProcess, spoil: Spoil
) -> None:
    script = Script(tokens=60, gate=(spoil.__name__, 30))
    response_id = desk.ask(asked(script))
    desk.model.wait(script.id, "held")
    desk.until_text(response_id, len(joined(script.token_list[:30])))
    before = list(desk.log.read_all(response_id))

    spoil(desk, response_id)
    desk.model.open_gate(spoil.__name__)

    told = ended(desk, response_id)
    assert told.frames[: len(before)] == before
    assert told.text == script.text
    assert told.final["millstream"]["attempt"] == 1
    worker.wait_for_line(f"ERROR.*{response_id}", 5)


@pytest.mark.parametrize("spoil", [fence, stray_entry, garbage_next, far_count, foreign_log])
def test_what_is_spoiled_before_a_worker_begins_costs_no_event(desk: Desk, spoil: Spoil) -> None:
    script = Script(tokens=5)
    with desk.unseen() as unseen:
        response_id = unseen.accept(asked(script)).id
        spoil(desk, response_id)

    desk.send(response_id)

    told = ended(desk, response_id)
    assert told.text == script.text
    assert told.types[:2] == ["response.created", "response.queued"]


@pytest.mark.parametrize("spoil", [*SEEN_BY_AN_APPEND, hole])
def test_a_later_attempt_takes_back_what_a_spoiled_log_may_have_shown(
    desk: Desk, spoil: Spoil
) -> None:
    script = Script(tokens=5)
    response_id = claimed(desk, asked(script), attempts=1)
    spoil(desk, response_id)

    desk.send(response_id, attempt=2)

    told = ended(desk, response_id)
    assert told.text == script.text
    assert told.final["millstream"]["attempt"] == 2
    assert told.types[0] == "millstream.attempt.reset"


@pytest.mark.parametrize("spoil", [*SEEN_BY_AN_APPEND, hole])
@pytest.mark.parametrize("attempts_before", [MAX_ATTEMPTS, MAX_ATTEMPTS + 1])
def test_no_state_of_a_log_keeps_the_last_attempt_from_failing_the_answer(
    desk: Desk, spoil: Spoil, attempts_before: int
) -> None:
    response_id = claimed(desk, "What is the token log?", attempts=attempts_before)
    spoil(desk, response_id)

    desk.send(response_id, attempt=attempts_before + 1)

    told = ended(desk, response_id)
    assert told.row.status == "failed"
    assert told.row.error is not None
    assert told.row.error.code == "attempts_exhausted"
