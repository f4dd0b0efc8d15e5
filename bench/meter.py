"""Processor time of the parts that an answer goes through: the worker, the API, Redis."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psutil
from redis import Redis

from bench.contestants import serving
from bench.figures import net_of_idle, processor_seconds
from tests.harness.stack import Stack

Processor = Mapping[str, float]
"""Seconds of processor time, by part."""

_IDLE_SECONDS: Final = 6.0
"""A reaper compares board and ledger every 5 s."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What each part had used when, in seconds."""

    at: float
    used: Processor


class Meter:
    """Reads what the parts of a running product use."""

    def __init__(self, stack: Stack, redis: Redis) -> None:
        """Watch the product for some seconds, in which it must have nothing to do."""
        server = redis.info("server")
        self._processes = {
            "worker": psutil.Process(stack.workers[0].pid),
            "api": serving(stack.apis[0].process),
            "redis": psutil.Process(server["process_id"]),
        }
        self._idle: Processor = dict.fromkeys(self._processes, 0.0)
        begun = self.read()
        time.sleep(_IDLE_SECONDS)
        idle = self.since(begun)
        self._idle = {part: seconds / _IDLE_SECONDS for part, seconds in idle.items()}

    def read(self) -> Reading:
        """Return what each part has used by now."""
        used = {part: processor_seconds(process) for part, process in self._processes.items()}
        return Reading(time.monotonic(), used)

    def since(self, earlier: Reading, now: Reading | None = None) -> Processor:
        """Return what each part has used since, without what it takes while idle."""
        later = now or self.read()
        wall = later.at - earlier.at
        return {
            part: net_of_idle(used - earlier.used[part], wall, self._idle[part])
            for part, used in later.used.items()
        }

    def worker_bytes(self) -> int:
        """Return the memory that is the worker's own."""
        return int(self._processes["worker"].memory_full_info().uss)
