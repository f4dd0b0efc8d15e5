"""Something foreign stands under the queue's key while questions come: none is lost or doubled."""

from dataclasses import replace

from redis import Redis

from bench.scripted_model.script import Script
from millstream_contract.jobs import ANSWER_QUEUE
from tests.harness.stack import UNHURRIED, Backends, running_stack


def test_questions_are_accepted_and_each_is_answered_once(backends: Backends) -> None:
    scripts = [Script(tokens=20, seed=seed) for seed in range(5)]
    with (
        running_stack(replace(backends, extra=UNHURRIED)) as stack,
        stack.client() as client,
        Redis.from_url(backends.redis_url) as redis,
    ):
        accepted = []
        for script in scripts:
            # Reapers take it out again: it is put there before each question, in one step, for
            # they also send again what was lost by it.
            with redis.pipeline() as step:
                step.delete(ANSWER_QUEUE)
                step.hset(ANSWER_QUEUE, "foreign", "1")
                step.execute()
            accepted.append(client.start(f"What is a log? {script.directive()}")["id"])

        for script, response_id in zip(scripts, accepted, strict=True):
            with client.follow(response_id) as stream:
                assert stream.to_end().text == script.text
            stored = client.retrieve(response_id)
            assert (stored["status"], stored["millstream"]["attempt"]) == ("completed", 1)
            assert len(stack.model.streams(script.id)) == 1
