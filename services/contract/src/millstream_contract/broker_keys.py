"""What Celery keeps in Redis: how much waits there, and that it ends as all that is ours does."""

from typing import Final

from redis import Redis, ResponseError

from millstream_contract.foreign_keys import delete_foreign, is_wrong_type
from millstream_contract.jobs import ANSWER_QUEUE, INGEST_QUEUE
from millstream_contract.keys import BOARD_TTL_SECONDS
from millstream_contract.redis_connection import redis_answers

_TTL_MS: Final = BOARD_TTL_SECONDS * 1000

_BROKER_KEYS: Final = (
    ANSWER_QUEUE,
    INGEST_QUEUE,
    *(
        f"_kombu.{kind}.{queue}"
        for kind in ("binding", "binding_permanent")
        for queue in (ANSWER_QUEUE, INGEST_QUEUE)
    ),
    "unacked",
    "unacked_index",
)
"""Keys that Celery makes in Redis, and to which it gives no time to live."""


class BrokerKeys:
    """Celery's keys, from outside. Methods raise LogUnavailable when Redis does not answer."""

    def __init__(self, redis: Redis) -> None:
        """Use this client."""
        self._redis = redis

    def waiting_messages(self, queue: str) -> int:
        """Return how many messages wait in the list of a queue."""
        with redis_answers():
            try:
                return int(self._redis.llen(queue))
            except ResponseError as error:
                if not is_wrong_type(error):
                    raise
                # What was in it before is found as lost.
                delete_foreign(self._redis, queue, "list")
                return 0

    def bound(self) -> None:
        """Let all of them end as the work board does, when nobody comes any more."""
        with redis_answers(), self._redis.pipeline(transaction=False) as calls:
            for key in _BROKER_KEYS:
                calls.pexpire(key, _TTL_MS)
            calls.execute()
