"""Reading logs, many in one trip to Redis."""

import logging
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

from redis import Redis, RedisError
from redis.client import Pipeline
from redis.exceptions import NoScriptError

from millstream_contract.errors import LogUnavailable
from millstream_contract.frames import Frame, is_frame
from millstream_contract.keys import log_key, state_key
from millstream_contract.redis_connection import redis_answers

logger = logging.getLogger(__name__)

READ_BATCH: Final = 500
"""Most frames read from the log in one call: it bounds a reader's memory, not what it gets."""

READ_AFTER: Final = files(__package__).joinpath("read_after.lua").read_text(encoding="utf-8")

_WORDS_FOR_GARBAGE: Final = (
    "WRONGTYPE",
    # XADD refuses an id, for there is an entry that nobody of us wrote.
    "equal or smaller",
    "exhausted the last possible ID",
)
"""What Redis says when the keys of a log hold what is none; no outage, so it does not pass."""

_MOST_DIGITS: Final = 18


class Part(NamedTuple):
    """What is read of a log: up to ``limit`` frames above ``cursor`` (-1: from the first)."""

    response_id: str
    cursor: int
    limit: int = READ_BATCH


class LogReads:
    """Answers many questions to logs in one trip; what TokenLog says of one holds for each.

    What is wrong with one log stands in its place. All methods raise LogUnavailable when Redis does
    not answer.
    """

    def __init__(self, redis: Redis) -> None:
        """Use this client."""
        self._redis = redis
        self._read_after = redis.register_script(READ_AFTER)

    def after(self, parts: Sequence[Part]) -> list[list[Frame] | LogUnavailable]:
        """Return these parts, in their order."""
        with redis_answers():
            replies = self._trip(parts, self._put_read)
            if any(isinstance(reply, NoScriptError) for reply in replies):
                self._redis.script_load(READ_AFTER)
                replies = self._trip(parts, self._put_read)
        return [
            LogUnavailable(str(reply))
            if isinstance(reply, RedisError)
            else frames_in(part.response_id, reply)
            for part, reply in zip(parts, replies, strict=True)
        ]

    def counts(self, response_ids: Sequence[str]) -> list[int | LogUnavailable]:
        """Return how many frames each log holds."""
        with redis_answers():
            replies = self._trip(response_ids, _put_count)
        return [_counted(reply) for reply in replies]

    def _put_read(self, calls: Pipeline, part: Part) -> None:
        key = log_key(part.response_id)
        calls.evalsha(self._read_after.sha, 1, key, str(part.cursor + 1), str(part.limit))

    def _trip(self, asked: Sequence[Any], put: Callable[[Pipeline, Any], None]) -> list[Any]:
        with self._redis.pipeline(transaction=False) as calls:
            for one in asked:
                put(calls, one)
            return calls.execute(raise_on_error=False)


def frames_in(response_id: str, reply: list[Any]) -> list[Frame]:
    """Return the frames in what read_after.lua replied.

    What stands in the log and is not the frame of its id is left out, and logged.
    """
    frames, garbage = [], []
    for entry, data in reply:
        number = int(entry.partition(b"-")[2]) - 1
        if is_frame(data, number):
            frames.append(Frame(number, data))
        else:
            garbage.append(entry.decode())
    if garbage:
        logger.error("%s: no frames in its log in Redis: %s", response_id, garbage[:5])
    return frames


def count_in(held: object) -> int:
    """Return the count that a log's state holds; 0 also when it holds garbage."""
    if not isinstance(held, bytes):
        return 0
    return int(held) if held.isdigit() and len(held) <= _MOST_DIGITS else 0


def tells_of_garbage(error: RedisError) -> bool:
    """Tell whether the keys of a log hold what is none, so that no repeat helps."""
    return any(words in str(error) for words in _WORDS_FOR_GARBAGE)


def _put_count(calls: Pipeline, response_id: str) -> None:
    calls.hget(state_key(response_id), "count")


def _counted(reply: object) -> int | LogUnavailable:
    if isinstance(reply, RedisError):
        return 0 if tells_of_garbage(reply) else LogUnavailable(str(reply))
    return count_in(reply)
