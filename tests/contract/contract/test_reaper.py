"""The reaper on a real ledger and a real board: what is dropped gets exactly one new message."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from redis import Redis

from millstream_contract.broker_keys import BrokerKeys
from millstream_contract.jobs import ANSWER_QUEUE, AnswerJob
from millstream_contract.keys import (
    LEDGER_CHECK_KEY,
    PULSE_KEY,
    QUEUED_KEY,
    TURNS_KEY,
    state_key,
)
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.opening import opening_frames
from millstream_contract.reaper import Reaper
from millstream_contract.token_log import TokenLog
from millstream_contract.work_board import Lease, WorkBoard
from tests.contract.contract.board_counts import counts
from tests.harness.deadlines import scaled


@dataclass
class World:
    """A ledger, a board, reapers, and what they sent."""

    ledger: Ledger
    redis: "Redis"
    sent: list[AnswerJob] = field(default_factory=list)

    @property
    def log(self) -> TokenLog:
        return TokenLog(self.redis)

    def board(self, lease_seconds: float = 60) -> WorkBoard:
        return WorkBoard(self.redis, lease_seconds=lease_seconds)

    def reap(self, lease_seconds: float = 60) -> list[AnswerJob]:
        """Reap as two processes would, and give what was sent."""
        self.sent.clear()
        for _ in range(2):
            self._others_have_looked()
            board, broker = self.board(lease_seconds), BrokerKeys(self.redis)
            Reaper(board, broker, self.log, self.ledger, self._send).reap()
        return list(self.sent)

    def accepted(self) -> str:
        row = self.ledger.responses.accept(NewResponse("local", "What is a log?", "m")).row
        return row.id

    def has_waited(self, response_id: str, seconds: int) -> None:
        """Make a response one that was put in line so long ago."""
        now, _ = self.redis.time()
        self.redis.zadd(QUEUED_KEY, {response_id: (now - seconds) * 1000})

    def claimed_before(self, response_id: str, seconds: int) -> None:
        """Make the newest attempt at a response one that was begun so long ago."""
        with self.ledger.pool.connection() as connection:
            connection.execute(
                "UPDATE responses SET claimed_at = clock_timestamp() - make_interval(secs => %s)"
                " WHERE id = %s",
                [seconds, response_id],
            )

    def worker_takes_messages(self) -> None:
        """Empty the broker's list."""
        self.redis.delete(ANSWER_QUEUE)

    def _others_have_looked(self) -> None:
        """Have it that all reapers have looked all the while, however long this process stood."""
        now, _ = self.redis.time()
        self.redis.set(PULSE_KEY, (now + 60) * 1000)

    def _send(self, job: AnswerJob) -> bool:
        self.sent.append(job)
        self.redis.rpush(ANSWER_QUEUE, job.response_id)
        return True


@pytest.fixture
def world(database_url: str, redis_url: str) -> Iterator[World]:
    pool = open_pool(database_url, size=2, wait_seconds=scaled(30))
    with Redis.from_url(redis_url) as redis:
        yield World(Ledger.of(pool), redis)
    pool.close()


def test_the_answer_of_a_dead_worker_is_sent_once_as_the_next_attempt(world: World) -> None:
    response_id = world.accepted()
    world.ledger.responses.claim(response_id, 1)
    world.board(-0.001).take(Lease(response_id, 1))

    assert world.reap() == [AnswerJob(response_id, 2)]
    assert world.reap() == []


def test_the_answer_of_a_worker_too_busy_to_renew_is_left_to_it_while_it_flows(
    world: World,
) -> None:
    row = world.ledger.responses.get(world.accepted())
    world.ledger.responses.claim(row.id, 1)
    world.board(-0.001).take(Lease(row.id, 1))
    world.log.take_over(row.id, 1)
    world.log.append(row.id, 1, opening_frames(row))

    assert world.reap(lease_seconds=60) == []

    world.board(-0.001).take(Lease(row.id, 1))
    assert world.reap(lease_seconds=-0.001) == [AnswerJob(row.id, 2)]


def test_what_an_earlier_attempt_wrote_or_garbage_in_its_place_keeps_no_lease(
    world: World,
) -> None:
    row, spoiled = (world.ledger.responses.get(world.accepted()) for _ in range(2))
    world.log.append(row.id, 0, opening_frames(row))
    world.redis.set(state_key(spoiled.id), "garbage")
    for one in (row, spoiled):
        world.ledger.responses.claim(one.id, 1)
        world.board(-0.001).take(Lease(one.id, 1))

    sent = world.reap(lease_seconds=60)

    assert sorted(job.response_id for job in sent) == sorted([row.id, spoiled.id])


def test_an_accepted_question_that_was_never_enqueued_is_found_in_the_ledger(
    world: World,
) -> None:
    response_id = world.accepted()

    assert world.reap() == [AnswerJob(response_id, 1)]
    assert world.reap() == []


def test_what_celery_keeps_in_redis_is_given_a_time_to_live(world: World) -> None:
    binding = f"_kombu.binding.{ANSWER_QUEUE}"
    world.redis.lpush(ANSWER_QUEUE, "a message")
    world.redis.hset("unacked", "tag", "a message")
    world.redis.sadd(binding, "a binding")

    world.reap()

    assert all(world.redis.ttl(key) > 0 for key in (ANSWER_QUEUE, "unacked", binding))
    # Some of what else is there lives for two seconds only, and may be gone (-2) by now.
    assert all(world.redis.ttl(key) != -1 for key in world.redis.scan_iter())


def test_after_redis_lost_everything_queued_answers_are_sent_and_running_ones_left_alone(
    world: World,
) -> None:
    queued, running = world.accepted(), world.accepted()
    world.ledger.responses.claim(running, 1)
    world.redis.flushdb()

    assert world.reap() == [AnswerJob(queued, 1)]
    assert world.board().renew([Lease(running, 1)]) == []


def test_after_redis_lost_everything_a_dead_worker_is_still_noticed(world: World) -> None:
    response_id = world.accepted()
    world.ledger.responses.claim(response_id, 1)
    world.redis.flushdb()

    assert world.reap(lease_seconds=-0.001) == [AnswerJob(response_id, 2)]


def test_a_message_is_lost_at_once_when_the_broker_has_none_and_late_behind_a_backlog(
    world: World,
) -> None:
    response_id = world.accepted()
    world.reap()
    world.worker_takes_messages()
    world.redis.rpush(ANSWER_QUEUE, "a backlog")
    world.has_waited(response_id, seconds=30)
    soon = world.reap()
    world.has_waited(response_id, seconds=90)
    late = world.reap()
    world.worker_takes_messages()
    world.has_waited(response_id, seconds=30)

    assert (soon, late) == ([], [AnswerJob(response_id, 1)])
    assert world.reap() == [AnswerJob(response_id, 1)]


def test_an_attempt_that_begins_just_now_is_not_begun_again(world: World) -> None:
    # Given a question that has waited, and a worker that has claimed it and not told the board yet
    response_id = world.accepted()
    world.reap()
    world.worker_takes_messages()
    world.has_waited(response_id, seconds=30)
    world.ledger.responses.claim(response_id, 1)
    # ... just now, also when it takes a while until somebody looks
    world.claimed_before(response_id, seconds=-30)

    # Then no reaper takes its message for lost
    assert world.reap() == []

    # When that worker has died in this moment, and it has waited again
    world.claimed_before(response_id, seconds=2)
    world.has_waited(response_id, seconds=30)

    # Then it is begun again
    assert world.reap() == [AnswerJob(response_id, 2)]


def test_what_has_ended_or_was_deleted_is_taken_off_the_board(world: World) -> None:
    conversation = world.ledger.conversations.create("local", "", {})
    new = NewResponse("local", "What is a log?", "m", conversation_id=conversation.id)
    row = world.ledger.responses.accept(new).row
    world.reap()
    world.ledger.conversations.delete(conversation.id, "local")
    world.redis.zadd("millstream:{work}:queued", {row.id: 0})

    assert world.reap() == []

    assert counts(world.redis) == (0, 0)


def test_whose_turn_has_not_come_gets_no_message_and_whose_kick_was_lost_gets_one(
    world: World,
) -> None:
    conversation = world.ledger.conversations.create("local", "", {}).id
    new = NewResponse("local", "What is a log?", "m", conversation_id=conversation)
    first, second = (world.ledger.responses.accept(new).row for _ in range(2))
    assert world.reap() == [AnswerJob(first.id, 1)]
    world.ledger.responses.claim(first.id, 1)
    world.board().take(Lease(first.id, 1))

    # Whoever ends the first dies before the second is in line.
    done = first.as_object().model_copy(update={"status": "completed", "completed_at": 1.0})
    world.ledger.responses.finish(done, 1, b"")
    world.board().release(Lease(first.id, 1))
    world.redis.delete(LEDGER_CHECK_KEY)

    assert world.reap() == [AnswerJob(second.id, 1)]


def test_after_redis_lost_everything_it_knows_again_who_waits_for_a_turn(world: World) -> None:
    conversation = world.ledger.conversations.create("local", "", {}).id
    new = NewResponse("local", "What is a log?", "m", conversation_id=conversation)
    _, second, third = (world.ledger.responses.accept(new).row for _ in range(3))
    world.redis.flushdb()

    world.reap()

    assert set(world.redis.hkeys(TURNS_KEY)) == {second.id.encode(), third.id.encode()}
    held = world.redis.hget(TURNS_KEY, third.id)
    assert held is not None
    turn, _, of = bytes(held).split(b" ")  # type: ignore[arg-type]  # no client decodes here
    assert (int(turn), of) == (third.turn, conversation.encode())
