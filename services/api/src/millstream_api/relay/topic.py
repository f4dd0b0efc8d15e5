"""A topic: the viewers of one response in this process."""

import time
from typing import Protocol

from gevent.event import Event

from millstream_api.relay.chunks import chunk_of
from millstream_contract.token_log import LiveBatch


class Listener(Protocol):
    """A viewer, as its topic sees it. Nothing here may block."""

    def put(self, batch: LiveBatch, chunk: bytes) -> None:
        """Take what was published: as frames, and as one chunk of HTTP."""

    def aside(self, data: bytes) -> None:
        """Take what was told beside the stream, or let it pass by."""

    def reread(self) -> None:
        """Read the log again: something may have been missed."""

    def wake(self) -> None:
        """Look around: this process may be draining."""


class Topic:
    """The viewers of one response, and whether Redis has confirmed the subscription."""

    def __init__(self, response_id: str) -> None:
        self.response_id = response_id
        self.listeners: set[Listener] = set()
        self.confirmed = Event()
        self.heard_at = time.monotonic()

    # A listener may leave while it is told: so a copy is gone through.

    def put(self, batch: LiveBatch) -> int:
        """Hand out what was published; return to how many."""
        self.heard_at = time.monotonic()
        chunk = chunk_of(batch.data)
        listeners = tuple(self.listeners)
        for listener in listeners:
            listener.put(batch, chunk)
        return len(listeners)

    def aside(self, data: bytes) -> None:
        """Hand out what was told beside the stream."""
        for listener in tuple(self.listeners):
            listener.aside(data)

    def reread(self) -> None:
        """Let every viewer read the log again."""
        for listener in tuple(self.listeners):
            listener.reread()

    def wake(self) -> None:
        """Let every viewer look around, also who still waits for the confirmation."""
        self.confirmed.set()
        for listener in tuple(self.listeners):
            listener.wake()
