"""The work board's operations, each one Lua step, with the times of Redis' own clock."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from importlib.resources import files
from typing import Any, Final, TypeAlias, cast

from redis import Redis, RedisError, ResponseError
from redis.client import Pipeline

from millstream_contract.errors import LogUnavailable
from millstream_contract.events import Line, QueuePosition
from millstream_contract.foreign_keys import delete_foreign, is_wrong_type, tidy_board
from millstream_contract.frames import encode_aside
from millstream_contract.jobs import BROKER_KEYS
from millstream_contract.keys import (
    ARRIVALS_KEY,
    BOARD_TTL_SECONDS,
    LEASES_KEY,
    LEDGER_CHECK_KEY,
    POSITIONS_TOLD_KEY,
    PULSE_KEY,
    QUEUED_KEY,
    TURNS_KEY,
)
from millstream_contract.opening import LAST_OPENING_NUMBER

logger = logging.getLogger(__name__)

_TTL_MS: Final = BOARD_TTL_SECONDS * 1000
_BATCH: Final = 200
_POSITION_AFTER_MS: Final = 1000
_ONLY_JUST_MS: Final = 10_000
"""Who waits for a turn for less may be missing in what was read of the ledger."""

_LINE: Final = [LEASES_KEY, QUEUED_KEY, TURNS_KEY]

_SCRIPTS: Final = (
    "line_up",
    "leave_line",
    "take",
    "renew",
    "late",
    "expire",
    "once",
    "overdue",
    "restore",
    "positions",
    "wait_for_turn",
    "restore_turns",
)

_RESPONSE: Final = re.compile(rb"resp_[0-9a-f]{32}")
_LEASE: Final = re.compile(rb"(resp_[0-9a-f]{32})/([1-9][0-9]{0,8})")
_SHOWN: Final = 60
"""So many bytes of what is none of ours are told in the log."""

PULSE_SILENCE_SECONDS: Final = 1.0
"""Everybody looks for expired leases twice a second; a longer silence is an outage."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one attempt to write a response, as long as it is renewed."""

    response_id: str
    attempt: int

    def __str__(self) -> str:
        """Return the lease as it stands on the board."""
        return f"{self.response_id}/{self.attempt}"

    @classmethod
    def of(cls, text: bytes) -> "Lease":
        """Read a lease from the board."""
        response_id, _, attempt = text.decode().rpartition("/")
        return cls(response_id, int(attempt))

    @classmethod
    def if_any(cls, text: bytes) -> "Lease | None":
        """Read what may be anything; None: it is no lease."""
        found = _LEASE.fullmatch(text)
        return cls(found[1].decode(), int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A response that waits for its turn in a conversation; the lower turn comes first."""

    response_id: str
    turn: int
    conversation_id: str


Silences: TypeAlias = Callable[[Sequence[Lease]], Sequence[float | None]]
"""Tells for each lease how many seconds ago its attempt last wrote; None: unknown, or never."""


class WorkBoard:
    """Who waits and who works. All methods raise LogUnavailable when Redis does not answer."""

    def __init__(self, redis: Redis, *, lease_seconds: float) -> None:
        """Use this client; a lease that is not renewed ends after ``lease_seconds``."""
        self._redis = redis
        self._lease_ms = int(lease_seconds * 1000)
        self._scripts = {name: redis.register_script(_lua(f"{name}.lua")) for name in _SCRIPTS}

    def put_in_line(self, response_id: str) -> None:
        """Note that a response waits for a worker; its message is sent right after."""
        self._script("line_up", _LINE, [response_id, "", _TTL_MS])

    def put_in_line_in(self, calls: Pipeline, response_id: str) -> None:
        """Put the same into a pipeline."""
        values: list[Any] = [*_LINE, response_id, "", _TTL_MS]
        calls.eval(cast(str, self._scripts["line_up"].script), len(_LINE), *values)

    def wait_for_turn_in(self, calls: Pipeline, waiting: Waiting) -> None:
        """Note in a pipeline that a response waits for its turn, unless that has come meanwhile."""
        values: list[Any] = [*_LINE, *astuple(waiting), _TTL_MS]
        calls.eval(cast(str, self._scripts["wait_for_turn"].script), len(_LINE), *values)

    def take(self, lease: Lease) -> None:
        """Note that a worker has begun this attempt."""
        self._script("take", _LINE, [lease.response_id, lease.attempt, self._lease_ms, _TTL_MS])

    def leave_line(self, lease: Lease) -> bool:
        """Take a response out of line if this lease lives, and tell whether it does.

        What is held and in line was put there by mistake: it was found lost while it was taken.
        """
        arguments = [lease.response_id, str(lease)]
        return bool(self._script("leave_line", [LEASES_KEY, QUEUED_KEY], arguments))

    def renew(self, leases: Sequence[Lease]) -> list[Lease]:
        """Renew these leases in one call; return those that are lost."""
        arguments = [self._lease_ms, _TTL_MS, *map(str, leases)]
        return [Lease.of(text) for text in self._script("renew", [LEASES_KEY], arguments)]

    def release(self, lease: Lease) -> None:
        """Take a response off the board: it has ended."""
        with self._redis.pipeline(transaction=True) as calls:
            calls.zrem(LEASES_KEY, str(lease))
            calls.zrem(QUEUED_KEY, lease.response_id)
            calls.hdel(TURNS_KEY, lease.response_id)
            self._run(calls.execute)

    def hand_over(self, lease: Lease) -> None:
        """Give an attempt up and put its response back in line; its message is sent right after."""
        arguments = [lease.response_id, str(lease), _TTL_MS]
        self._script("line_up", _LINE, arguments)

    def expired(self, silences: Silences) -> list[Lease]:
        """Return leases that nobody renewed; their responses are in line again.

        Each is returned to one caller only, who sends the message of the next attempt. A worker
        short of CPU renews late, while its answers still flow: whoever has written within the
        duration of a lease keeps its lease until so long after that write.
        """
        arguments = [_BATCH, int(PULSE_SILENCE_SECONDS * 1000), _TTL_MS]
        late = self._leases(self._script("late", [LEASES_KEY, PULSE_KEY], arguments))
        if not late:
            return []
        pairs: list[Any] = []
        for lease, silence in zip(late, silences(late), strict=True):
            pairs += [str(lease), -1 if silence is None else int(silence * 1000)]
        arguments = [self._lease_ms, _TTL_MS, *pairs]
        found = self._script("expire", [LEASES_KEY, QUEUED_KEY], arguments)
        return [Lease.of(text) for text in found]

    def overdue(self, age_seconds: float) -> list[str]:
        """Return responses that have been in line for longer, each to one caller only."""
        found = self._script("overdue", [QUEUED_KEY], [int(age_seconds * 1000), _BATCH])
        return self._responses(found)

    def restore(self, unfinished: Sequence[Lease]) -> list[str]:
        """Put unfinished responses (attempt 0: none has begun) back where they are missing.

        Returns those that need a message.
        """
        if not unfinished:
            return []
        arguments: list[Any] = [self._lease_ms, _TTL_MS]
        for lease in unfinished:
            arguments += [lease.response_id, str(lease) if lease.attempt else ""]
        found = self._script("restore", _LINE, arguments)
        return [text.decode() for text in found]

    def restore_turns(self, waiting: Sequence[Waiting], *, is_all: bool) -> None:
        """Put back who waits for a turn; take out whoever does not, if these are all that do."""
        arguments: list[Any] = [int(is_all), _ONLY_JUST_MS, _TTL_MS]
        for one in waiting:
            arguments += astuple(one)
        self._script("restore_turns", _LINE, arguments)

    def may_check_ledger(self, every_seconds: float) -> bool:
        """Tell one of all callers in ``every_seconds`` to compare the board with the ledger.

        When Redis has lost everything it has lost this too: the next caller is told to, at once.
        """
        return bool(self._script("once", [LEDGER_CHECK_KEY], [int(every_seconds * 1000)]))

    def tell_positions(self, every_seconds: float) -> int:
        """Tell the viewers of who waits their positions; return how many were told.

        Of all callers one does so in ``every_seconds``. Who has only just come into line is not
        told: with a free worker its position says nothing.
        """
        keys = [QUEUED_KEY, ARRIVALS_KEY, POSITIONS_TOLD_KEY, TURNS_KEY]
        arguments: list[Any] = [int(every_seconds * 1000), _POSITION_AFTER_MS]
        arguments += [*_position_in("workers"), _TTL_MS, *_position_in("conversation")]
        return int(self._script("positions", keys, arguments))

    def bound_broker_keys(self) -> None:
        """Let what Celery keeps in Redis end as the board does, when nobody comes any more."""
        with self._redis.pipeline(transaction=False) as calls:
            for key in BROKER_KEYS:
                calls.pexpire(key, _TTL_MS)
            self._run(calls.execute)

    def waiting_messages(self, queue: str) -> int:
        """Return how many messages wait in the broker's list of a queue."""
        return int(self._run(lambda: self._length(queue)))

    def _length(self, queue: str) -> int:
        try:
            return int(self._redis.llen(queue))
        except ResponseError as error:
            if not is_wrong_type(error):
                raise
            # What was in it before is found as lost.
            delete_foreign(self._redis, queue, "list")
            return 0

    def counts(self) -> tuple[int, int]:
        """Return how many responses wait, and how many are being answered."""
        with self._redis.pipeline(transaction=False) as calls:
            calls.zcard(QUEUED_KEY)
            calls.zcard(LEASES_KEY)
            queued, running = self._run(calls.execute)
        return queued, running

    def _leases(self, texts: Sequence[bytes]) -> list[Lease]:
        """Read leases; what is none is taken off the board."""
        found = {text: Lease.if_any(text) for text in texts}
        self._take_off(LEASES_KEY, [text for text in texts if found[text] is None])
        return [lease for lease in found.values() if lease is not None]

    def _responses(self, texts: Sequence[bytes]) -> list[str]:
        """Read ids of those in line; what is none is taken out."""
        found = [text for text in texts if _RESPONSE.fullmatch(text)]
        self._take_off(QUEUED_KEY, [text for text in texts if not _RESPONSE.fullmatch(text)])
        return [text.decode() for text in found]

    def _take_off(self, key: str, garbage: Sequence[bytes]) -> None:
        for entry in garbage:
            logger.error("%r in %s is none of ours; it is removed", entry[:_SHOWN], key)
        if garbage:
            self._run(lambda: self._redis.zrem(key, *garbage))

    def _script(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        return self._run(lambda: self._checked(name, keys, arguments))

    def _checked(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        try:
            return self._scripts[name](keys=keys, args=arguments)
        except ResponseError as error:
            if is_wrong_type(error):
                tidy_board(self._redis, keys)
            raise

    def _run(self, call: Any) -> Any:
        try:
            return call()
        except RedisError as error:
            raise LogUnavailable(str(error)) from error


def _position_in(line: Line) -> list[bytes]:
    """Return what stands before and behind the number in a position that is told."""
    aside = encode_aside(QueuePosition(position=0, line=line), LAST_OPENING_NUMBER)
    before, _, after = aside.partition(b'"position":0')
    return [before + b'"position":', after]


def _lua(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
