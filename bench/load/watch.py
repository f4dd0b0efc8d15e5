"""What the machine does meanwhile: CPU by part, answers queued and running, what is published."""

import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil
from redis import Redis

from millstream_contract.errors import BadFrame
from millstream_contract.keys import LEASES_KEY, QUEUED_KEY, response_of_channel
from millstream_contract.token_log import LiveBatch

_EVERY_SECONDS = 1.0

# Ids end in a hexadecimal digit: one answer in sixteen is listened to.
_SAMPLED_CHANNELS = "millstream:{resp_*7}:live"


@dataclass(frozen=True)
class Sample:
    """One second. CPU in cores, memory in MiB, `at` in seconds of time.monotonic."""

    at: float
    cores: dict[str, float]
    """What each part used."""
    machine_cores: float
    """What everything on this machine used, other people's processes included."""
    memory_mib: dict[str, float]
    queued: int | None = None
    running: int | None = None

    @property
    def other_cores(self) -> float:
        """What processes used that have nothing to do with the test."""
        return max(0.0, self.machine_cores - sum(self.cores.values()))


@dataclass(frozen=True)
class Heard:
    """One append as a subscriber heard it: a response, its first frame's number, and when."""

    response_id: str
    number: int
    frames: int
    at: float


@dataclass(frozen=True)
class _Part:
    """CPU seconds by process, and memory of all."""

    seconds: dict[int, float]
    memory_mib: float

    @classmethod
    def of(cls, pids: list[int]) -> "_Part":
        seconds, memory = {}, 0.0
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                times = process.cpu_times()
                seconds[pid] = times.user + times.system
                memory += process.memory_info().rss / 2**20
        return cls(seconds, round(memory))

    def cores_since(self, before: "_Part | None", lasted: float) -> float:
        known = before.seconds if before else {}
        return sum(used - known.get(pid, 0.0) for pid, used in self.seconds.items()) / lasted


class Watch:
    """Samples once a second on a thread, and listens to one answer in sixteen on another."""

    def __init__(self, parts: Mapping[str, psutil.Process], redis_url: str | None) -> None:
        """Watch these parts, each with its children; `start` begins."""
        self.samples: list[Sample] = []
        self.heard: list[Heard] = []
        self._parts = {**parts, "the watch": psutil.Process(os.getpid())}
        self._redis_url = redis_url
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._sample_on, name="samples")]
        if redis_url is not None:
            self._threads.append(threading.Thread(target=self._listen_on, name="published"))

    def add(self, name: str, process: psutil.Process) -> None:
        """Watch one more part from now on."""
        self._parts = {**self._parts, name: process}

    def remove(self, name: str) -> None:
        """Watch a part no more."""
        self._parts = {key: value for key, value in self._parts.items() if key != name}

    def __enter__(self) -> "Watch":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and wait for the threads."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _sample_on(self) -> None:
        redis = Redis.from_url(self._redis_url) if self._redis_url else None
        before, machine, then = self._look(), _machine_seconds(), time.monotonic()
        while not self._over.wait(_EVERY_SECONDS):
            seen, now_machine, now = self._look(), _machine_seconds(), time.monotonic()
            lasted = now - then
            self.samples.append(
                Sample(
                    round(now, 3),
                    {
                        name: round(part.cores_since(before.get(name), lasted), 3)
                        for name, part in seen.items()
                    },
                    round((now_machine - machine) / lasted, 3),
                    {name: part.memory_mib for name, part in seen.items()},
                    *_board(redis),
                )
            )
            before, machine, then = seen, now_machine, now
        if redis is not None:
            redis.close()

    def _look(self) -> dict[str, "_Part"]:
        children = _children()
        # The watch is the parent of the generator: only its own time counts.
        alone = os.getpid()
        return {
            name: _Part.of([process.pid] if process.pid == alone else _family(process, children))
            for name, process in self._parts.items()
        }

    def _listen_on(self) -> None:
        assert self._redis_url is not None
        with Redis.from_url(self._redis_url) as redis, redis.pubsub() as pubsub:
            pubsub.psubscribe(_SAMPLED_CHANNELS)
            while not self._over.is_set():
                message = pubsub.get_message(timeout=0.5)
                if message is not None and message["type"] == "pmessage":
                    self._note(message, time.monotonic())

    def _note(self, message: Mapping[str, Any], at: float) -> None:
        response_id = response_of_channel(message["channel"].decode())
        try:
            batch = LiveBatch.of_message(message["data"])
        except BadFrame:
            return  # told beside the log: a place in line
        self.heard.append(Heard(response_id, batch.first, batch.last - batch.first + 1, at))


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        found.setdefault(process.info["ppid"], []).append(process.pid)
    return found


def _family(process: psutil.Process, children: Mapping[int, list[int]]) -> list[int]:
    family = [process.pid]
    for pid in family:
        family += children.get(pid, [])
    return family


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _board(redis: "Redis | None") -> tuple[int | None, int | None]:
    if redis is None:
        return None, None
    return int(redis.zcard(QUEUED_KEY)), int(redis.zcard(LEASES_KEY))
