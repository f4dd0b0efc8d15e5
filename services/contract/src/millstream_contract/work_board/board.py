"""The work board's operations, each one Lua step, with the times of Redis' own clock."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any, Final, TypeAlias

from redis import Redis
from redis.client import Pipeline

from millstream_contract.events import Line, QueuePosition
from millstream_contract.frames import encode_aside
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
from millstream_contract.redis_connection import redis_answers
from millstream_contract.work_board.entries import Lease, Waiting, response_if_any
from millstream_contract.work_board.scripts import BoardScripts

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

_SHOWN: Final = 60
"""So many bytes of what is none of ours are told in the log."""

PULSE_SILENCE_SECONDS: Final = 1.0
"""Everybody looks for expired leases twice a second; a longer silence is an outage."""

Silences: TypeAlias = Callable[[Sequence[Lease]], Sequence[float | None]]
"""Tells for each lease how many seconds ago its attempt last wrote; None: unknown, or never."""


class WorkBoard:
    """Who waits and who works. All methods raise LogUnavailable when Redis does not answer."""

    def __init__(self, redis: Redis, *, lease_seconds: float) -> None:
        """Use this client; a lease that is not renewed ends after ``lease_seconds``."""
        self._redis = redis
        self._lease_ms = int(lease_seconds * 1000)
        self._scripts = BoardScripts(redis, _SCRIPTS)

    def put_in_line(self, response_id: str) -> None:
        """Note that a response waits for a worker; its message is sent right after."""
        self._scripts.run("line_up", _LINE, [response_id, "", _TTL_MS])

    def put_in_line_in(self, calls: Pipeline, response_id: str) -> None:
        """Put the same into a pipeline."""
        self._scripts.put_in(calls, "line_up", _LINE, [response_id, "", _TTL_MS])

    def wait_for_turn_in(self, calls: Pipeline, waiting: Waiting) -> None:
        """Note in a pipeline that a response waits for its turn, unless that has come meanwhile."""
        self._scripts.put_in(calls, "wait_for_turn", _LINE, [*astuple(waiting), _TTL_MS])

    def take(self, lease: Lease) -> None:
        """Note that a worker has begun this attempt."""
        self._scripts.run(
            "take", _LINE, [lease.response_id, lease.attempt, self._lease_ms, _TTL_MS]
        )

    def leave_line(self, lease: Lease) -> bool:
        """Take a response out of line if this lease lives, and tell whether it does.

        What is held and in line was put there by mistake: it was found lost while it was taken.
        """
        arguments = [lease.response_id, str(lease)]
        return bool(self._scripts.run("leave_line", [LEASES_KEY, QUEUED_KEY], arguments))

    def renew(self, leases: Sequence[Lease]) -> list[Lease]:
        """Renew these leases in one call; return those that are lost."""
        arguments = [self._lease_ms, _TTL_MS, *map(str, leases)]
        return [Lease.of(text) for text in self._scripts.run("renew", [LEASES_KEY], arguments)]

    def release(self, lease: Lease) -> None:
        """Take a response off the board: it has ended."""
        with redis_answers(), self._redis.pipeline(transaction=True) as calls:
            calls.zrem(LEASES_KEY, str(lease))
            calls.zrem(QUEUED_KEY, lease.response_id)
            calls.hdel(TURNS_KEY, lease.response_id)
            calls.execute()

    def hand_over(self, lease: Lease) -> None:
        """Give an attempt up and put its response back in line; its message is sent right after."""
        arguments = [lease.response_id, str(lease), _TTL_MS]
        self._scripts.run("line_up", _LINE, arguments)

    def expired(self, silences: Silences) -> list[Lease]:
        """Return leases that nobody renewed; their responses are in line again.

        Each is returned to one caller only, who sends the message of the next attempt. A worker
        short of CPU renews late, while its answers still flow: whoever has written within the
        duration of a lease keeps its lease until so long after that write.
        """
        arguments = [_BATCH, int(PULSE_SILENCE_SECONDS * 1000), _TTL_MS]
        late = self._leases(self._scripts.run("late", [LEASES_KEY, PULSE_KEY], arguments))
        if not late:
            return []
        pairs: list[Any] = []
        for lease, silence in zip(late, silences(late), strict=True):
            pairs += [str(lease), -1 if silence is None else int(silence * 1000)]
        arguments = [self._lease_ms, _TTL_MS, *pairs]
        found = self._scripts.run("expire", [LEASES_KEY, QUEUED_KEY], arguments)
        return [Lease.of(text) for text in found]

    def overdue(self, age_seconds: float) -> list[str]:
        """Return responses that have been in line for longer, each to one caller only."""
        found = self._scripts.run("overdue", [QUEUED_KEY], [int(age_seconds * 1000), _BATCH])
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
        found = self._scripts.run("restore", _LINE, arguments)
        return [text.decode() for text in found]

    def restore_turns(self, waiting: Sequence[Waiting], *, is_all: bool) -> None:
        """Put back who waits for a turn; take out whoever does not, if these are all that do."""
        arguments: list[Any] = [int(is_all), _ONLY_JUST_MS, _TTL_MS]
        for one in waiting:
            arguments += astuple(one)
        self._scripts.run("restore_turns", _LINE, arguments)

    def may_check_ledger(self, every_seconds: float) -> bool:
        """Tell one of all callers in ``every_seconds`` to compare the board with the ledger.

        When Redis has lost everything it has lost this too: the next caller is told to, at once.
        """
        return bool(self._scripts.run("once", [LEDGER_CHECK_KEY], [int(every_seconds * 1000)]))

    def tell_positions(self, every_seconds: float) -> int:
        """Tell the viewers of who waits their positions; return how many were told.

        Of all callers one does so in ``every_seconds``. Who has only just come into line is not
        told: with a free worker its position says nothing.
        """
        keys = [QUEUED_KEY, ARRIVALS_KEY, POSITIONS_TOLD_KEY, TURNS_KEY]
        arguments: list[Any] = [int(every_seconds * 1000), _POSITION_AFTER_MS]
        arguments += [*_position_in("workers"), _TTL_MS, *_position_in("conversation")]
        return int(self._scripts.run("positions", keys, arguments))

    def _leases(self, texts: Sequence[bytes]) -> list[Lease]:
        """Read leases; what is none is taken off the board."""
        found = {text: Lease.if_any(text) for text in texts}
        self._take_off(LEASES_KEY, [text for text in texts if found[text] is None])
        return [lease for lease in found.values() if lease is not None]

    def _responses(self, texts: Sequence[bytes]) -> list[str]:
        """Read ids of those in line; what is none is taken out."""
        found = {text: response_if_any(text) for text in texts}
        self._take_off(QUEUED_KEY, [text for text in texts if found[text] is None])
        return [response_id for response_id in found.values() if response_id is not None]

    def _take_off(self, key: str, garbage: Sequence[bytes]) -> None:
        for entry in garbage:
            logger.error("%r in %s is none of ours; it is removed", entry[:_SHOWN], key)
        if garbage:
            with redis_answers():
                self._redis.zrem(key, *garbage)


def _position_in(line: Line) -> list[bytes]:
    """Return what stands before and behind the number in a position that is told."""
    aside = encode_aside(QueuePosition(position=0, line=line), LAST_OPENING_NUMBER)
    before, _, after = aside.partition(b'"position":0')
    return [before + b'"position":', after]
