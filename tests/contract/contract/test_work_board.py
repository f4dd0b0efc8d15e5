"""The work board on a real Valkey: every drop is found, by one finder, and nothing else is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from millstream_contract.backlog import redis_backlog
from millstream_contract.broker_keys import BrokerKeys
from millstream_contract.errors import LogUnavailable
from millstream_contract.identifiers import new_id
from millstream_contract.jobs import ANSWER_QUEUE
from millstream_contract.keys import (
    LEASES_KEY,
    LEDGER_CHECK_KEY,
    PULSE_KEY,
    QUEUED_KEY,
)
from millstream_contract.redis_connection import redis_client
from millstream_contract.work_board import Lease, WorkBoard
from tests.contract.contract.board_counts import counts
from tests.harness.valkey import ValkeyServer


@pytest.fixture
def short(redis: "Redis") -> WorkBoard:
    """A board whose leases have expired as soon as they begin."""
    return WorkBoard(redis, lease_seconds=-0.001)


def _silent(late: Sequence[Lease]) -> list[float | None]:
    return [None for _ in late]


def test_who_is_put_in_line_waits_until_a_worker_takes_it(
    board: WorkBoard, lease: Lease, redis: "Redis"
) -> None:
    board.put_in_line(lease.response_id)
    assert counts(redis) == (1, 0)

    board.take(lease)

    assert counts(redis) == (0, 1)


def test_a_lease_that_is_renewed_in_time_is_never_found_expired(
    board: WorkBoard, short: WorkBoard, lease: Lease
) -> None:
    short.take(lease)

    assert board.renew([lease]) == []

    assert board.expired(_silent) == []


def test_an_expired_lease_is_found_by_one_of_many_and_its_response_is_in_line(
    board: WorkBoard, short: WorkBoard, redis: "Redis"
) -> None:
    leases = {Lease(new_id("resp"), attempt) for attempt in range(1, 21)}
    for lease in leases:
        short.take(lease)

    with ThreadPoolExecutor(8) as pool:
        found = [
            one for each in pool.map(lambda _: board.expired(_silent), range(8)) for one in each
        ]

    assert len(found) == len(leases)
    assert set(found) == leases
    assert counts(redis) == (len(leases), 0)


def test_whoever_wakes_up_after_its_lease_was_found_expired_learns_that_it_is_lost(
    board: WorkBoard, short: WorkBoard, lease: Lease, redis: "Redis"
) -> None:
    short.take(lease)
    board.expired(_silent)
    board.take(Lease(lease.response_id, 2))

    assert board.renew([lease]) == [lease]

    assert board.expired(_silent) == []
    assert counts(redis) == (0, 1)


def test_after_an_outage_of_redis_owners_have_time_to_renew(
    board: WorkBoard, short: WorkBoard, redis: "Redis", lease: Lease
) -> None:
    board.expired(_silent)
    seconds, microseconds = redis.time()
    redis.set(PULSE_KEY, seconds * 1000 + microseconds // 1000 - 30_000)
    short.take(lease)

    assert board.expired(_silent) == []

    assert board.renew([lease]) == []


def test_an_attempt_that_still_writes_keeps_its_lease_though_it_was_not_renewed(
    board: WorkBoard, short: WorkBoard, lease: Lease, redis: "Redis"
) -> None:
    silent = Lease(new_id("resp"), 1)
    short.take(lease)
    short.take(silent)
    silences = {lease: 59.0, silent: 61.0}

    assert board.expired(lambda late: [silences[one] for one in late]) == [silent]

    assert counts(redis) == (1, 1)
    assert board.renew([lease]) == []


def test_a_lease_that_a_write_extends_ends_its_duration_after_that_write(
    board: WorkBoard, short: WorkBoard, redis: "Redis", lease: Lease
) -> None:
    short.take(lease)
    before = redis.zscore(LEASES_KEY, str(lease))

    board.expired(lambda late: [59.0])

    after = redis.zscore(LEASES_KEY, str(lease))
    assert before is not None
    assert after is not None
    # One of its sixty seconds is left, and not all of them anew.
    assert after - before < 30_000


def test_a_lost_message_is_found_once_until_it_is_overdue_again(
    board: WorkBoard, lease: Lease
) -> None:
    board.put_in_line(lease.response_id)
    assert board.overdue(60) == []

    found = [board.overdue(-0.001), board.overdue(60)]

    assert found == [[lease.response_id], []]


def test_what_redis_has_lost_is_restored_from_the_ledger(board: WorkBoard, redis: "Redis") -> None:
    queued, running = Lease(new_id("resp"), 0), Lease(new_id("resp"), 3)
    board.put_in_line(queued.response_id)
    board.take(running)
    redis.flushdb()

    needs_message = board.restore([queued, running])

    assert needs_message == [queued.response_id]
    assert counts(redis) == (1, 1)
    assert board.renew([running]) == []
    assert board.restore([queued, running]) == []


def test_a_lost_board_is_compared_with_the_ledger_at_once_and_else_by_one_at_a_time(
    board: WorkBoard, redis: "Redis"
) -> None:
    assert [board.may_check_ledger(60) for _ in range(3)] == [True, False, False]

    redis.flushdb()

    assert board.may_check_ledger(60)


def test_giving_up_a_lease_puts_its_response_in_line_and_ending_it_does_not(
    board: WorkBoard, lease: Lease, redis: "Redis"
) -> None:
    board.take(lease)
    board.hand_over(lease)
    assert counts(redis) == (1, 0)

    board.release(lease)

    assert counts(redis) == (0, 0)


def test_no_key_of_the_board_lives_for_ever(board: WorkBoard, redis: "Redis") -> None:
    board.put_in_line(new_id("resp"))
    board.take(Lease(new_id("resp"), 1))
    board.expired(_silent)
    board.may_check_ledger(60)

    keys = (QUEUED_KEY, LEASES_KEY, PULSE_KEY, LEDGER_CHECK_KEY)

    assert all(redis.ttl(key) > 0 for key in keys)
    assert redis.dbsize() == len(keys)


def test_every_call_says_that_redis_is_away(private_valkey: ValkeyServer, lease: Lease) -> None:
    with redis_client(private_valkey.url(), timeout_seconds=1) as client:
        board, broker = WorkBoard(client, lease_seconds=2), BrokerKeys(client)
        private_valkey.kill()
        calls: list[Callable[[], object]] = [
            lambda: board.put_in_line(lease.response_id),
            lambda: board.take(lease),
            lambda: board.renew([lease]),
            lambda: board.release(lease),
            lambda: board.expired(_silent),
            lambda: board.overdue(1),
            lambda: board.restore([lease]),
            lambda: board.restore_turns([], is_all=True),
            lambda: board.may_check_ledger(1),
            lambda: redis_backlog(client),
            broker.bound,
            lambda: broker.waiting_messages(ANSWER_QUEUE),
        ]
        for call in calls:
            with pytest.raises(LogUnavailable):
                call()


def test_an_attempt_ends_the_leases_of_those_before_it(short: WorkBoard, lease: Lease) -> None:
    short.take(lease)
    short.take(Lease(lease.response_id, 2))

    assert short.expired(_silent) == [Lease(lease.response_id, 2)]


def test_who_is_held_leaves_the_line(board: WorkBoard, lease: Lease, redis: "Redis") -> None:
    board.take(lease)
    board.put_in_line(lease.response_id)

    assert board.leave_line(lease)

    assert counts(redis) == (0, 1)


def test_who_is_not_held_stays_in_line(board: WorkBoard, lease: Lease, redis: "Redis") -> None:
    board.put_in_line(lease.response_id)

    assert not board.leave_line(lease)

    assert counts(redis) == (1, 0)


@pytest.mark.parametrize("key", [QUEUED_KEY, LEASES_KEY])
def test_a_foreign_value_in_its_place_does_not_end_the_board(
    key: str, board: WorkBoard, redis: "Redis", lease: Lease
) -> None:
    redis.set(key, "foreign")

    with pytest.raises(LogUnavailable):
        board.take(lease)

    board.take(lease)
    assert counts(redis) == (0, 1)
