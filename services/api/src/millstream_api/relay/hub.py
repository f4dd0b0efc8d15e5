"""One subscriber connection to Redis for all viewers of this process.

The hub knows who watches what, and hands what comes on a live channel to the viewers of its
response. When the subscription was broken it tells every viewer to read the log, as nobody knows
what was published meanwhile.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import gevent
from redis import Redis

from millstream_api.observing.metrics import RelayMetrics, unobserved
from millstream_api.relay.lasting_subscription import LastingSubscription, Published
from millstream_api.relay.topic import Listener, Topic
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import BadFrame
from millstream_contract.frames import LOOK_AGAIN, is_aside
from millstream_contract.keys import live_channel, response_of_channel
from millstream_contract.token_log import LiveBatch

logger = logging.getLogger(__name__)

_CONFIRM_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.01

_BREATHE_AFTER: Final = 200
"""Hand-outs in a row, before requests and other greenlets get their turn."""


class Hub:
    """Hands what Redis publishes to the viewers of this process."""

    def __init__(
        self,
        make_client: Callable[[], Redis],
        *,
        viewer_buffer_bytes: int,
        metrics: RelayMetrics | None = None,
        written: Callable[[float], None] = lambda published_at: None,
    ) -> None:
        """Make connections by ``make_client``, whose clients must not reconnect by themselves.

        written: told of some frames when Redis published what has just been handed out.
        """
        self._buffer_bytes = viewer_buffer_bytes
        self.metrics = metrics or unobserved().relay
        self._written = written
        self._topics: dict[str, Topic] = {}
        self._subscription = LastingSubscription(
            make_client,
            wanted=self._topics.keys(),
            hear=self._hear,
            confirmed=self._confirmed,
            broken=self._broken,
            metrics=self.metrics,
        )
        self.draining = False

    def start(self) -> None:
        """Begin to listen. Call once, in the process that serves."""
        self._subscription.start()

    def drain(self) -> None:
        """Let every stream end where it stands, so that its viewer goes on elsewhere."""
        self.draining = True
        for topic in self.topics():
            topic.wake()

    def wait_until_left(self, seconds: float) -> None:
        """Wait until the last viewer has left, but no longer."""
        until = time.monotonic() + seconds
        while self._topics and time.monotonic() < until:
            gevent.sleep(_LOOK_SECONDS)

    def stop(self) -> None:
        """End listening and close the connection."""
        self._subscription.stop()

    @property
    def viewers(self) -> int:
        """How many viewers are open."""
        return sum(len(topic.listeners) for topic in self._topics.values())

    def topics(self) -> list[Topic]:
        """Return what is being watched."""
        return list(self._topics.values())

    def join(self, response_id: str, listener: Listener) -> Topic:
        """Let a viewer hear all that is published of a response; see ``confirm``."""
        channel = live_channel(response_id)
        topic = self._topics.get(channel)
        if topic is None:
            topic = self._topics[channel] = Topic(response_id)
            self._subscription.subscribe(channel)
        topic.listeners.add(listener)
        self.metrics.viewers.inc()
        return topic

    def confirm(self, topic: Topic) -> None:
        """Wait until Redis has confirmed, so that whoever reads the log then misses nothing.

        Without a confirmation in time (Redis is away) the viewer will be told to read the log again
        when Redis is back.
        """
        topic.confirmed.wait(_CONFIRM_SECONDS)

    def leave(self, topic: Topic, listener: Listener) -> None:
        """Let a viewer hear nothing more. Does not block."""
        topic.listeners.discard(listener)
        self.metrics.viewers.dec()
        channel = live_channel(topic.response_id)
        if not topic.listeners and self._topics.get(channel) is topic:
            del self._topics[channel]
            gevent.spawn(self._subscription.unsubscribe, channel)

    def mailbox(self) -> Mailbox:
        """Return a mailbox as large as a viewer may have."""
        return Mailbox(self._buffer_bytes, self.metrics.slow_viewers.inc)

    @contextmanager
    def watching(self, response_id: str) -> Iterator[Mailbox]:
        """Lend a mailbox that hears all that is published of a response."""
        mailbox = self.mailbox()
        topic = self.join(response_id, mailbox)
        try:
            self.confirm(topic)
            yield mailbox
        finally:
            self.leave(topic, mailbox)

    # What the subscription calls, in its greenlet.

    def _confirmed(self, channel: str) -> None:
        if topic := self._topics.get(channel):
            topic.confirmed.set()
            topic.reread()

    def _broken(self) -> None:
        for topic in self._topics.values():
            topic.confirmed.clear()

    def _hear(self, published: Iterator[Published]) -> None:
        """Hand out all that has come; what came for one response goes out in one piece."""
        waiting: dict[bytes, LiveBatch] = {}
        handed = 0
        for channel, data in published:
            if data == LOOK_AGAIN:
                waiting.pop(channel, None)
                if topic := self._topic(channel):
                    topic.reread()
            elif is_aside(data):
                if topic := self._topic(channel):
                    topic.aside(data)
            elif batch := _batch_of(channel, data):
                earlier = waiting.get(channel)
                if earlier is not None and batch.first == earlier.last + 1:
                    batch = earlier.joined(batch)
                elif earlier is not None:
                    handed += self._hand_out(channel, earlier)
                waiting[channel] = batch
        for channel, batch in waiting.items():
            handed += self._hand_out(channel, batch)
        if handed >= _BREATHE_AFTER:
            gevent.sleep(0)

    def _topic(self, channel: bytes) -> Topic | None:
        return self._topics.get(channel.decode())

    def _hand_out(self, channel: bytes, batch: LiveBatch) -> int:
        topic = self._topic(channel)
        if topic is None:
            return 0
        handed = topic.put(batch)
        if batch.published_at is not None and handed:
            self._written(batch.published_at)
        return handed


def _batch_of(channel: bytes, data: bytes) -> LiveBatch | None:
    try:
        return LiveBatch.of_message(data)
    except BadFrame:
        name = response_of_channel(channel.decode(errors="replace"))
        logger.warning("%s: what was published is not a frame", name)
        return None
