"""Stopping an answer: durable, acknowledged, idempotent."""

import threading
from collections.abc import Callable, Iterator

from redis import Redis
from redis.client import PubSub

from millstream_contract.keys import STOPS_CHANNEL
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import scaled
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
        assert stops.get_message(timeout=scaled(10))
        answers: list[str] = []
        caller = threading.Thread(
            target=lambda: answers.append(client.cancel(scribe.row.id)["status"])
        )
        caller.start()

        is_asked = scribe.row.id in _stops(stops)
        scribe.finish(status="cancelled")
        caller.join(scaled(20))

    assert is_asked
    assert answers == ["cancelled"]


def _stops(subscription: PubSub) -> Iterator[str]:
    """Give the responses that are to stop: a channel is one for all databases of a server."""
    while message := subscription.get_message(timeout=scaled(10)):
        yield message["data"].decode()


def test_cancelling_what_has_ended_changes_nothing(client: ApiClient, scribe_of: ScribeOf) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("whole")
    scribe.finish()
    stored = client.retrieve(scribe.row.id)

    again = [client.cancel(scribe.row.id) for _ in range(2)]

    assert again == [stored, stored]
