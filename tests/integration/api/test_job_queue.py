"""The API's end of the queue depends on nothing that somebody may have changed in Redis."""

import base64
import json
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from millstream_api.queueing import JobQueue
from millstream_contract.identifiers import new_id
from millstream_contract.jobs import ANSWER_QUEUE, INGEST_QUEUE, AnswerJob, FeedbackJob, Job
from tests.harness.refusals import REFUSALS, Refusal
from tests.harness.valkey import ValkeyServer

Spoil = Callable[["Redis", str], object]


@pytest.fixture
def redis(redis_url: str) -> Iterator["Redis"]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def queue(redis_url: str) -> Iterator[JobQueue]:
    queue = JobQueue(redis_url, timeout_seconds=2)
    yield queue
    queue.close()


def _sent(redis: "Redis", queue: str) -> list[list[str]]:
    """Give the arguments of the jobs whose messages wait."""
    messages = map(json.loads, redis.lrange(queue, 0, -1))
    return [json.loads(base64.b64decode(message["body"]))[0] for message in messages]


def test_a_job_is_sent_whatever_stands_where_kombu_notes_its_queues(
    queue: JobQueue, redis: "Redis"
) -> None:
    redis.set(f"_kombu.binding.{ANSWER_QUEUE}", "a value of another type")

    assert queue.send(AnswerJob(new_id("resp"), 1))

    assert redis.llen(ANSWER_QUEUE) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda redis, key: redis.hset(key, "foreign", "1"),
        lambda redis, key: redis.set(key, "foreign"),
        lambda redis, key: redis.zadd(key, {"foreign": 1}),
    ],
    ids=["hash", "string", "sorted set"],
)
@pytest.mark.parametrize(
    ("job", "name"),
    [(AnswerJob(new_id("resp"), 1), ANSWER_QUEUE), (FeedbackJob(new_id("resp")), INGEST_QUEUE)],
    ids=["answer", "feedback"],
)
def test_a_job_is_sent_once_in_place_of_a_foreign_value_under_its_queue(
    queue: JobQueue, redis: "Redis", spoil: Spoil, job: Job, name: str
) -> None:
    spoil(redis, name)

    assert queue.send(job)

    assert _sent(redis, name) == [job.arguments()]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_a_queue_that_refuses_is_told_and_not_raised(
    private_valkey: ValkeyServer, refusal: Refusal
) -> None:
    queue, job = JobQueue(private_valkey.url(), timeout_seconds=2), AnswerJob(new_id("resp"), 1)
    with private_valkey.client() as redis:
        assert queue.send(job)
        with refusal.on(private_valkey):
            assert not queue.send(job)
            assert not JobQueue(private_valkey.url(), timeout_seconds=2).send(job)

        assert queue.send(job)
        assert _sent(redis, ANSWER_QUEUE) == [job.arguments()] * 2
    queue.close()
