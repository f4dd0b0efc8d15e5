"""Stopping an answer: durable, acknowledged, idempotent."""

import threading
from collections.abc import Callable

from redis import Redis

from millstream_contract.keys import STOPS_CHANNEL
from tests.harness.api_client import ApiClient
from tests.harness.stack import Backends
from tests.integration.api.scribe import Scribe

ScribeOf = Callable[[str], Scribe]


def test_an_answer_that_has_not_begun_is_cancelled_at_once_and_its_viewers_see_the_end(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    response_id = client.start("What is a log?")["id"]
    with client.follow(response_id) as stream:
        stream.until_type("response.queued")

        cancelled = client.cancel(response_id)
        seen = stream.to_end()

    assert cancelled["status"] == "cancelled"
    assert seen.types[-1] == "response.incomplete"
    with client.follow(response_id) as stream:
        assert stream.to_end().cursor == seen.cursor


def test_a_cancel_reaches_the_worker_and_waits_for_its_acknowledgement(
    client: ApiClient, scribe_of: ScribeOf, shared_backends: Backends
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("begun")
    with Redis.from_url(shared_backends.redis_url) as redis, redis.pubsub() as stops:
        stops.subscribe(STOPS_CHANNEL)
        stops.get_message(timeout=5)
        answers: list[str] = []
        caller = threading.Thread(
            target=lambda: answers.append(client.cancel(scribe.row.id)["status"])
        )
        caller.start()

        asked = stops.get_message(timeout=10)
        scribe.finish(status="cancelled")
        caller.join(10)

    assert asked is not None
    assert asked["data"].decode() == scribe.row.id
    assert answers == ["cancelled"]


def test_cancelling_what_has_ended_changes_nothing(client: ApiClient, scribe_of: ScribeOf) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("whole")
    scribe.finish()
    stored = client.retrieve(scribe.row.id)

    again = [client.cancel(scribe.row.id) for _ in range(2)]

    assert again == [stored, stored]
