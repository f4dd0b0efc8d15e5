"""The API's end of the queue depends on nothing that somebody may have changed in Redis."""

from redis import Redis

from millstream_api.queueing import JobQueue
from millstream_contract.identifiers import new_id
from millstream_contract.jobs import ANSWER_QUEUE, AnswerJob


def test_a_job_is_sent_whatever_stands_where_kombu_notes_its_queues(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set(f"_kombu.binding.{ANSWER_QUEUE}", "a value of another type")

        assert JobQueue(redis_url, timeout_seconds=2).send(AnswerJob(new_id("resp"), 1))

        assert redis.llen(ANSWER_QUEUE) == 1
