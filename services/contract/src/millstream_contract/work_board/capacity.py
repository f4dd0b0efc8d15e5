"""How much the workers can do, how long that takes, and who is still let in."""

from dataclasses import dataclass
from typing import Final

from redis import Redis
from redis.client import Pipeline

from millstream_contract.keys import (
    ADMISSIONS_KEY,
    BOARD_TTL_SECONDS,
    LEASES_KEY,
    QUEUED_KEY,
    SERVICE_TIME_KEY,
    SLOTS_KEY,
    TURNS_KEY,
)
from millstream_contract.redis_connection import redis_answers
from millstream_contract.work_board.scripts import BoardScripts

_TTL_MS: Final = BOARD_TTL_SECONDS * 1000
_ADMISSION_MS: Final = 10_000
"""How long a question may take from its admission until it is in line."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a question that comes now has to expect.

    is_admitted: it may come. waiting: how many wait, in line and for their turn in a conversation.
    wait_seconds: until it is begun, as far as that can be told, if it need not wait for a turn.
    service_seconds: how long an answer takes. pace_seconds: until one fewer waits.
    """

    is_admitted: bool
    waiting: int
    wait_seconds: float
    service_seconds: float
    pace_seconds: float

    def most_ahead(self, longest_wait_seconds: float) -> int | None:
        """Return how many of its conversation may be unfinished before it; None: any number.

        They are answered one after the other, and each but the first waits in line anew.
        """
        turn_seconds = self.turn_seconds
        if not turn_seconds:
            return None
        return 1 + max(0, int((longest_wait_seconds - self.wait_seconds) / turn_seconds))

    @property
    def turn_seconds(self) -> float:
        """How long one turn in a conversation takes: in line, and to be answered."""
        return self.wait_seconds + self.service_seconds if self.service_seconds else 0.0


class Capacity:
    """What is known of the workers, in Redis. Methods raise LogUnavailable when that is away."""

    def __init__(self, redis: Redis) -> None:
        """Use this client."""
        self._redis = redis
        self._scripts = BoardScripts(redis, ("admit", "announce", "served"))

    def announce(self, worker: str, slots: int, seconds: float) -> None:
        """Note that a worker makes ``slots`` answers at a time, for the next ``seconds``."""
        self._scripts.run("announce", [SLOTS_KEY], [worker, slots, int(seconds * 1000), _TTL_MS])

    def withdraw(self, worker: str, slots: int) -> None:
        """Note that a worker takes nothing any more."""
        with redis_answers():
            self._redis.zrem(SLOTS_KEY, f"{worker}/{slots}")

    def served(self, seconds: float) -> None:
        """Note that an answer held its slot for so long."""
        self._scripts.run("served", [SERVICE_TIME_KEY], [int(seconds * 1000), _TTL_MS])

    def admit(self, token: str, *, most_in_line: int, longest_wait_seconds: float) -> Forecast:
        """Let a question in unless the line is full. ``token`` counts as in line until ``arrived``.

        The line is full when ``most_in_line`` wait in it or for their turn in a conversation, or
        when the wait is predicted to be longer than ``longest_wait_seconds``:
        (in line + running - slots) x mean service time / slots.
        """
        keys = [QUEUED_KEY, LEASES_KEY, SLOTS_KEY, SERVICE_TIME_KEY, ADMISSIONS_KEY, TURNS_KEY]
        longest = int(longest_wait_seconds * 1000)
        reply = self._scripts.run(
            "admit", keys, [token, most_in_line, longest, _ADMISSION_MS, _TTL_MS]
        )
        admitted, waiting, *milliseconds = map(int, reply)
        return Forecast(bool(admitted), waiting, *(one / 1000 for one in milliseconds))

    def arrived_in(self, calls: Pipeline, token: str) -> None:
        """Put into a pipeline: the question that was let in is in line itself."""
        calls.zrem(ADMISSIONS_KEY, token)

    def arrived(self, token: str) -> None:
        """Note that a question is in line itself, or did not come."""
        with redis_answers():
            self._redis.zrem(ADMISSIONS_KEY, token)
