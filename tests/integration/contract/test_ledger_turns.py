"""In one conversation one answer is made at a time, in the order of acceptance."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from millstream_contract.errors import ConversationBusy, TooFarBehind
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.new_entries import NewResponse, WhenBusy
from millstream_contract.ledger.rows import Accepted, ResponseRow
from tests.harness.deadlines import scaled


@pytest.fixture
def many(database_url: str) -> Iterator[Ledger]:
    """A ledger with room for many at once."""
    patience = scaled(30)
    pool = open_pool(database_url, size=24, wait_seconds=patience, reply_seconds=patience)
    yield Ledger.of(pool)
    pool.close()


@pytest.fixture
def conversation(many: Ledger) -> str:
    return many.conversations.create("ann", "", {}).id


def ask(
    ledger: Ledger,
    conversation: str,
    when_busy: WhenBusy | None = None,
    replaces: str | None = None,
) -> Accepted:
    new = NewResponse(
        "ann", "Q?", "m", conversation_id=conversation, when_busy=when_busy, replaces=replaces
    )
    return ledger.responses.accept(new)


def end(ledger: Ledger, row: ResponseRow, attempt: int = 1) -> None:
    done = row.as_object().model_copy(update={"status": "completed", "completed_at": 1.0})
    assert ledger.responses.finish(done, attempt, b"")


def test_a_question_waits_until_the_one_before_it_has_ended(
    many: Ledger, conversation: str
) -> None:
    first, second = ask(many, conversation), ask(many, conversation)

    assert first.ahead == ()
    assert second.ahead == (first.row.id,)
    assert many.responses.claim(second.row.id, 1) is None
    assert many.responses.unfinished() == [(first.row.id, 0)]

    assert many.responses.claim(first.row.id, 1)
    assert many.responses.claim(second.row.id, 1) is None
    assert many.responses.next_of(conversation) is None
    end(many, first.row)

    assert many.responses.next_of(conversation) == second.row.id
    assert many.responses.unfinished() == [(second.row.id, 0)]
    assert many.responses.claim(second.row.id, 1)


def test_a_later_attempt_keeps_its_turn(many: Ledger, conversation: str) -> None:
    first, second = ask(many, conversation), ask(many, conversation)
    many.responses.claim(first.row.id, 1)

    assert many.responses.claim(first.row.id, 2)
    assert many.responses.claim(second.row.id, 1) is None


def test_other_conversations_and_questions_without_one_do_not_wait(
    many: Ledger, conversation: str
) -> None:
    ask(many, conversation)
    other = ask(many, many.conversations.create("ann", "", {}).id)
    alone = many.responses.accept(NewResponse("ann", "Q?", "m"))

    assert many.responses.claim(other.row.id, 1)
    assert many.responses.claim(alone.row.id, 1)


def test_a_busy_conversation_may_be_told_to_reject(many: Ledger, conversation: str) -> None:
    first = ask(many, conversation, "reject")

    with pytest.raises(ConversationBusy, match=first.row.id):
        ask(many, conversation, "reject")

    assert len(many.items.of_conversation(conversation, "ann")) == 1
    end(many, first.row, attempt=0)
    assert ask(many, conversation, "reject").is_new


def test_an_answer_that_is_told_to_stop_or_replaced_rejects_nobody_but_is_waited_for(
    many: Ledger, conversation: str
) -> None:
    stopped = ask(many, conversation)
    many.responses.claim(stopped.row.id, 1)
    many.responses.request_cancel(stopped.row.id, "ann")
    behind_it = ask(many, conversation, "reject")
    in_its_place = ask(many, conversation, "reject", replaces=behind_it.row.id)

    assert behind_it.ahead == (stopped.row.id,)
    assert in_its_place.ahead == (behind_it.row.id, stopped.row.id)
    assert many.responses.claim(in_its_place.row.id, 1) is None


def test_an_interruption_stops_all_before_it_and_waits_for_their_ends(
    many: Ledger, conversation: str
) -> None:
    running, waiting = ask(many, conversation), ask(many, conversation)
    many.responses.claim(running.row.id, 1)

    interrupting = ask(many, conversation, "interrupt")

    assert interrupting.told_to_stop == (waiting.row.id, running.row.id)
    for one in (running, waiting):
        assert many.responses.get(one.row.id).cancel_requested_at is not None
    assert many.responses.get(interrupting.row.id).cancel_requested_at is None
    assert many.responses.claim(interrupting.row.id, 1) is None


def test_of_many_questions_at_once_one_may_begin_and_the_others_follow_in_order(
    many: Ledger, conversation: str
) -> None:
    with ThreadPoolExecutor(20) as threads:
        accepted = list(threads.map(lambda _: ask(many, conversation), range(20)))
    rows = sorted((one.row for one in accepted), key=lambda row: row.turn)

    assert sorted(len(one.ahead) for one in accepted) == list(range(20))
    for row in rows:
        with ThreadPoolExecutor(20) as threads:
            claims = threads.map(lambda one: many.responses.claim(one.id, 1), rows)
        # However many try, only the one whose turn it is begins.
        assert [claim.id for claim in claims if claim] == [row.id]
        end(many, row)


def test_of_many_that_would_be_rejected_one_is_accepted(many: Ledger, conversation: str) -> None:
    def accepted(_: int) -> bool:
        try:
            return ask(many, conversation, "reject").is_new
        except ConversationBusy:
            return False

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(accepted, range(20))).count(True) == 1


def test_an_end_and_a_question_at_once_never_miss_each_other(
    many: Ledger, conversation: str
) -> None:
    for _ in range(30):
        first = ask(many, conversation).row
        many.responses.claim(first.id, 1)
        with ThreadPoolExecutor(2) as threads:
            asked = threads.submit(ask, many, conversation)
            ended = threads.submit(end, many, first)
            ended.result()
            # As whoever ends a response does, right after it.
            found = many.responses.next_of(conversation)
            second = asked.result()

        # Either the question found nothing ahead, or it was found by the end.
        assert found == second.row.id or second.ahead == ()
        end(many, second.row, attempt=0)


def test_of_many_at_once_no_more_get_behind_an_answer_than_may(
    many: Ledger, conversation: str
) -> None:
    new = NewResponse("ann", "Q?", "m", conversation_id=conversation)
    ask(many, conversation)

    def follow(_: int) -> bool:
        try:
            many.responses.accept(new, most_ahead=3)
        except TooFarBehind:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        accepted = list(threads.map(follow, range(12)))

    assert accepted.count(True) == 3
    assert len(many.responses.waiting_for_turn()) == 3


def test_what_is_told_to_stop_is_not_counted_before_a_question(
    many: Ledger, conversation: str
) -> None:
    first = ask(many, conversation).row
    new = NewResponse("ann", "Q?", "m", conversation_id=conversation)
    with pytest.raises(TooFarBehind):
        many.responses.accept(new, most_ahead=0)

    many.responses.request_cancel(first.id, "ann")

    assert many.responses.accept(new, most_ahead=0).ahead == (first.id,)
    assert many.responses.accept(new, most_ahead=0, when_busy="interrupt").is_new
