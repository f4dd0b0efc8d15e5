"""Ways to read a stream: at once, slowly, or with a connection that drops every few seconds."""

import random
import time
from dataclasses import dataclass
from typing import Protocol

import gevent

from bench.load.sighting import Sighting
from bench.load.wire import Reply


class Reader(Protocol):
    """Reads one connection of a stream into a sighting."""

    kind: str
    receive_buffer_bytes: int | None

    def read(self, reply: Reply, sighting: Sighting) -> None:
        """Read until the end, or until this reader drops the connection."""

    def pause(self) -> None:
        """Wait before the next connection."""


class PromptReader:
    """Reads what comes when it comes."""

    kind = "asker"
    receive_buffer_bytes: int | None = None

    def read(self, reply: Reply, sighting: Sighting) -> None:
        """Read to the end."""
        while data := reply.read():
            sighting.add(data, time.monotonic())

    def pause(self) -> None:
        """Come back soon: the connection broke by itself."""
        gevent.sleep(0.1)


class MobileReader(PromptReader):
    """Loses its connection every few seconds, and comes back a little later with its cursor."""

    kind = "mobile"
    longest_seconds = 4.0
    """The longest that a connection holds."""
    longest_pause_seconds = 1.5

    def read(self, reply: Reply, sighting: Sighting) -> None:
        """Read until the connection drops; what was on its way then is lost."""
        until = time.monotonic() + random.uniform(0.25, 1.0) * self.longest_seconds
        while data := reply.read():
            if time.monotonic() >= until:
                return
            sighting.add(data, time.monotonic())

    def pause(self) -> None:
        """Be without a connection for a moment."""
        gevent.sleep(random.uniform(0.05, 1.0) * self.longest_pause_seconds)


@dataclass
class SlowReader(PromptReader):
    """Reads a little now and then, slower than the answer is made; then it catches up."""

    slow_seconds: float = 10.0
    kind = "slow"
    receive_buffer_bytes: int | None = 4096

    def read(self, reply: Reply, sighting: Sighting) -> None:
        """Read slowly for a while, then to the end."""
        until = time.monotonic() + self.slow_seconds
        while time.monotonic() < until and (data := reply.read(512)):
            sighting.add(data, time.monotonic())
            gevent.sleep(0.1)
        super().read(reply, sighting)
