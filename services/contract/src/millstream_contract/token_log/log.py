"""The token log in Redis: a stream to read from a cursor, and a channel for who is up to date.

Appending and publishing are one Lua step (append.lua), so that a viewer that subscribes first and
then reads the log misses nothing: what is not in the log yet will come on the channel.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from redis import Redis, RedisError, ResponseError
from redis.client import Pipeline
from redis.commands.core import Script

from millstream_contract.errors import LogUnavailable
from millstream_contract.frames import LOOK_AGAIN, Frame
from millstream_contract.keys import (
    ENDED_LOG_TTL_SECONDS,
    LOG_TTL_SECONDS,
    LOOKS_CHANNEL,
    PROBE_KEY,
    STOPS_CHANNEL,
    live_channel,
    log_key,
    state_key,
)
from millstream_contract.redis_connection import client_of_one_connection, redis_answers
from millstream_contract.token_log.appended import Appended, appended_in
from millstream_contract.token_log.reading import (
    READ_AFTER,
    READ_BATCH,
    count_in,
    frames_in,
    tells_of_garbage,
)

logger = logging.getLogger(__name__)

_PROBE_MS: Final = 1000


class TokenLog:
    """The logs of all responses. Safe to share between threads and greenlets."""

    def __init__(
        self,
        redis: Redis,
        *,
        ttl_seconds: int = LOG_TTL_SECONDS,
        ended_ttl_seconds: int = ENDED_LOG_TTL_SECONDS,
    ) -> None:
        """Use this client.

        ttl_seconds: how long a log lives after its last append; ended_ttl_seconds: after that of
        its final frame.
        """
        self._redis = redis
        self._ttl_seconds = ttl_seconds
        self._ended_ttl_seconds = ended_ttl_seconds
        self._append = redis.register_script(_lua("append.lua"))
        self._take_over = redis.register_script(_lua("take_over.lua"))
        self._read_after = redis.register_script(READ_AFTER)

    @contextmanager
    def on_one_connection(self) -> Iterator["TokenLog"]:
        """Give the same log over a connection that nobody else uses until the end of the block.

        Appending, taking over and reading then cost much less. One call at a time, from any thread.
        Raises LogUnavailable when no connection can be had.
        """
        with redis_answers():
            client = client_of_one_connection(self._redis)
        with closing(client):
            yield TokenLog(
                client, ttl_seconds=self._ttl_seconds, ended_ttl_seconds=self._ended_ttl_seconds
            )

    def take_over(
        self, response_id: str, attempt: int, *, least_count: int = 0, anew: bool = False
    ) -> Appended:
        """Make ``attempt`` the only writer; ``count`` of the reply is the next frame's number.

        least_count: the numbers below it are left out, as they may have been used by an attempt
        whose frames are lost. anew: empty the log before, whoever holds it; for who knows from the
        ledger that this attempt holds the response, and that the log is not what was written.

        Raises Fenced when a later attempt holds the log, LogUnavailable when Redis does not answer.
        """
        arguments = [attempt, self._ttl_seconds * 1000, least_count, int(anew)]
        return self._write(self._take_over, response_id, arguments)

    def append(
        self, response_id: str, attempt: int, frames: Sequence[Frame], *, timed: bool = False
    ) -> Appended:
        """Append frames whose numbers follow each other, and publish them.

        timed: publish with them when that was, by Redis' clock; the log does not keep it.

        Repeating a call is harmless: what the log holds already is passed over.
        Raises Fenced when a later attempt holds the log, LogUnavailable when Redis does not answer.
        """
        arguments = self._appending(response_id, attempt, frames, timed=timed)
        return self._write(self._append, response_id, arguments)

    def append_in(
        self, calls: Pipeline, response_id: str, attempt: int, frames: Sequence[Frame]
    ) -> None:
        """Put an append into a pipeline."""
        arguments = self._appending(response_id, attempt, frames)
        keys = [log_key(response_id), state_key(response_id)]
        # With its text: Redis may have forgotten it, and what is behind it in the pipeline goes on.
        calls.eval(cast(str, self._append.script), len(keys), *keys, *arguments)

    def _appending(
        self, response_id: str, attempt: int, frames: Sequence[Frame], *, timed: bool = False
    ) -> list[Any]:
        first = frames[0].sequence_number + 1
        ttl = self._ended_ttl_seconds if frames[-1].is_final else self._ttl_seconds
        data = [frame.data for frame in frames]
        return [live_channel(response_id), attempt, first, ttl * 1000, int(timed), *data]

    def read_after(self, response_id: str, cursor: int, limit: int = READ_BATCH) -> list[Frame]:
        """Return up to ``limit`` frames with numbers above ``cursor`` (-1: from the first).

        What stands in the log and is not the frame of its id is left out, and logged. Raises
        LogUnavailable when Redis does not answer.
        """
        with redis_answers():
            reply = self._read_after(keys=[log_key(response_id)], args=[cursor + 1, limit])
        return frames_in(response_id, reply)

    def read_all(self, response_id: str, cursor: int = -1) -> Iterator[Frame]:
        """Yield all frames with numbers above ``cursor``, read in batches."""
        while batch := self.read_after(response_id, cursor):
            yield from batch
            cursor = batch[-1].sequence_number

    def count(self, response_id: str) -> int:
        """Return how many frames the log holds; 0 also when Redis has lost it, or has garbage.

        Raises LogUnavailable when Redis does not answer.
        """
        with redis_answers():
            try:
                return count_in(self._redis.hget(state_key(response_id), "count"))
            except ResponseError as error:
                if not tells_of_garbage(error):
                    raise
                return 0

    def silences(self, attempts: Sequence[tuple[str, int]]) -> list[float | None]:
        """Return how many seconds ago each attempt (response id, number) last appended.

        None for one that does not hold its log, or never appended. Raises LogUnavailable.
        """
        with redis_answers():
            with self._redis.pipeline(transaction=False) as calls:
                for response_id, _ in attempts:
                    calls.hmget(state_key(response_id), "attempt", "written_at")
                states = calls.execute(raise_on_error=False)
            seconds, microseconds = self._redis.time()
        now = seconds + microseconds / 1e6
        return [
            _silence(state, attempt, now)
            for state, (_, attempt) in zip(states, attempts, strict=True)
        ]

    def ping(self) -> None:
        """Return when Redis takes a write. Raises LogUnavailable when it does not."""
        with redis_answers():
            # A replica, a full memory and a disk that fails all answer PING as if all were well.
            self._redis.set(PROBE_KEY, 1, px=_PROBE_MS)

    def request_stop(self, response_id: str) -> None:
        """Ask whoever generates this response to stop; the ledger must know of it already.

        Raises LogUnavailable when Redis does not answer.
        """
        self._mark(response_id, "stop", tell=STOPS_CHANNEL)

    def request_look(self, response_id: str) -> None:
        """Have the writer look at what the log holds, for it has a hole: soon, if it hears of it.

        If not, the next append tells it. Raises LogUnavailable when Redis does not answer.
        """
        self._mark(response_id, "look", tell=LOOKS_CHANNEL)

    def forget(self, response_ids: Sequence[str]) -> None:
        """Delete the logs of responses that were deleted, stop who writes one, tell who reads one.

        Raises LogUnavailable when Redis does not answer.
        """
        with redis_answers(), self._redis.pipeline(transaction=False) as calls:
            for response_id in response_ids:
                calls.delete(log_key(response_id))
                calls.delete(state_key(response_id))
                calls.publish(STOPS_CHANNEL, response_id)
                calls.publish(live_channel(response_id), LOOK_AGAIN)
            calls.execute()

    def _mark(self, response_id: str, wish: str, *, tell: str) -> None:
        """Note a wish to the writer beside the log, and tell it on a channel."""
        with redis_answers(), self._redis.pipeline(transaction=True) as calls:
            calls.hset(state_key(response_id), wish, "1")
            calls.expire(state_key(response_id), self._ttl_seconds)
            # The log must not end before its state, which tells how much is in it.
            calls.expire(log_key(response_id), self._ttl_seconds)
            calls.publish(tell, response_id)
            calls.execute()

    def _write(self, script: Script, response_id: str, arguments: list[Any]) -> Appended:
        keys = [log_key(response_id), state_key(response_id)]
        try:
            # A token goes this way: script() takes a fifth more of the processor.
            reply = self._redis.evalsha(script.sha, len(keys), *keys, *arguments)
        except ResponseError:
            reply = self._write_anyway(script, response_id, keys, arguments)
        except RedisError as error:
            raise LogUnavailable(str(error)) from error
        return appended_in(response_id, reply)

    def _write_anyway(
        self, script: Script, response_id: str, keys: list[str], arguments: list[Any]
    ) -> Any:
        """Repeat what was refused: with the script, if it was unknown, and without garbage."""
        with redis_answers():
            try:
                return script(keys=keys, args=arguments)
            except ResponseError as error:
                if not tells_of_garbage(error):
                    raise
                # The writer has all frames: it finds a gap, or nothing, and sends them again.
                logger.error("%s: its log in Redis is garbage; deleted: %s", response_id, error)
                self._redis.delete(*keys)
                return script(keys=keys, args=arguments)


def _silence(state: Any, attempt: int, now: float) -> float | None:
    match state:
        case [bytes(holder), bytes(written_at)] if holder == b"%d" % attempt:
            return max(0.0, now - int(written_at) / 1000) if written_at.isdigit() else None
    # Also what is no hash at all: whoever writes or reads that log deals with it.
    return None


@cache
def _lua(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
