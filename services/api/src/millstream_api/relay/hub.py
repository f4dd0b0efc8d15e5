"""One subscriber connection to Redis for all viewers of this process.

The hub is a greenlet that hears every live channel with a viewer and hands what comes to the
viewers. When its connection breaks it makes a new one, subscribes again, and tells every viewer to
read the log, as nobody knows what was published meanwhile.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

import gevent
from gevent.event import Event
from gevent.lock import RLock
from redis import Redis, RedisError

from millstream_api.observing.metrics import RelayMetrics, unobserved
from millstream_api.relay.chunks import chunk_of
from millstream_api.relay.subscription import Subscription
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import BadFrame
from millstream_contract.frames import LOOK_AGAIN, is_aside
from millstream_contract.keys import IDLE_CHANNEL, live_channel, response_of_channel
from millstream_contract.token_log import LiveBatch

logger = logging.getLogger(__name__)

_PING_AFTER_SECONDS: Final = 5.0
"""A connection silent this long is asked; silent twice as long it counts as broken."""

_RECONNECT_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)

_CONFIRM_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.01

_BREATHE_AFTER: Final = 200
"""Hand-outs in a row, before requests and other greenlets get their turn."""


class Listener(Protocol):
    """A viewer, as the hub sees it. Nothing here may block."""

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
        self._make_client = make_client
        self._buffer_bytes = viewer_buffer_bytes
        self.metrics = metrics or unobserved().relay
        self._written = written
        self._topics: dict[str, Topic] = {}
        # Subscriptions sent and not yet confirmed; only the last confirmation counts.
        self._pending: dict[str, int] = {}
        self._subscription: Subscription | None = None
        self._sending = RLock()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self.draining = False

    def start(self) -> None:
        """Begin to listen. Call once, in the process that serves."""
        self._greenlet = gevent.spawn(self._listen_for_ever)

    def drain(self) -> None:
        """Let every stream end where it stands, so that its viewer goes on elsewhere."""
        self.draining = True
        for topic in self.topics():
            topic.confirmed.set()
            for listener in tuple(topic.listeners):
                listener.wake()

    def wait_until_left(self, seconds: float) -> None:
        """Wait until the last viewer has left, but no longer."""
        until = time.monotonic() + seconds
        while self._topics and time.monotonic() < until:
            gevent.sleep(_LOOK_SECONDS)

    def stop(self) -> None:
        """End listening and close the connection."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self._disconnect()

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
            self._send_subscribe(channel)
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
            gevent.spawn(self._send_unsubscribe, channel)

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

    def _send_subscribe(self, channel: str) -> None:
        self._pending[channel] = self._pending.get(channel, 0) + 1
        self._send(lambda subscription: subscription.subscribe(channel))

    def _send_unsubscribe(self, channel: str) -> None:
        with self._sending:
            # Somebody may have come again meanwhile.
            if channel not in self._topics:
                self._send(lambda subscription: subscription.unsubscribe(channel))

    def _send(self, call: Callable[[Subscription], None]) -> None:
        # When it fails, the listener finds the connection broken and subscribes to everything
        # again: there is nothing to do here.
        with self._sending, suppress(RedisError, OSError):
            if self._subscription is not None:
                call(self._subscription)

    def _listen_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                self._connect()
                failures = 0
                self._listen()
            except (RedisError, OSError) as error:
                logger.warning("the subscription to Redis broke: %s", error)
                self.metrics.reconnects.inc()
            except Exception:
                logger.exception("the relay's listener failed; it starts again")
            self._disconnect()
            gevent.sleep(_RECONNECT_SECONDS[min(failures, len(_RECONNECT_SECONDS) - 1)])
            failures += 1

    def _connect(self) -> None:
        subscription = Subscription(self._make_client(), silence_seconds=_PING_AFTER_SECONDS)
        subscription.subscribe(IDLE_CHANNEL)
        with self._sending:
            self._subscription = subscription
            channels = list(self._topics)
            self._pending = dict.fromkeys(channels, 1)
            if channels:
                subscription.subscribe(*channels)

    def _disconnect(self) -> None:
        with self._sending:
            subscription, self._subscription = self._subscription, None
        for topic in self._topics.values():
            topic.confirmed.clear()
        if subscription is not None:
            with suppress(RedisError, OSError):
                subscription.close()

    def _listen(self) -> None:
        subscription, asked = self._subscription, False
        while subscription is not None:
            try:
                handed = self._heard(subscription.receive())
                asked = False
            except TimeoutError:
                if asked:
                    raise OSError("no reply to a ping") from None
                asked = True
                self._send(lambda connected: connected.ping())
            else:
                if handed >= _BREATHE_AFTER:
                    gevent.sleep(0)

    def _heard(self, messages: Iterable[list[Any]]) -> int:
        """Hand out all that has come; return how many hand-outs that took.

        What came for one response goes out in one piece.
        """
        waiting: dict[bytes, LiveBatch] = {}
        handed = 0
        for kind, channel, data in messages:
            if kind == b"message":
                if data == LOOK_AGAIN:
                    waiting.pop(channel, None)
                    self._reread(channel.decode())
                    continue
                if is_aside(data):
                    self._hand_out_aside(channel, data)
                    continue
                batch = _batch_of(channel, data)
                earlier = waiting.get(channel)
                if earlier is not None and batch is not None and batch.first == earlier.last + 1:
                    waiting[channel] = earlier.joined(batch)
                    continue
                if earlier is not None:
                    handed += self._hand_out(channel, waiting.pop(channel))
                if batch is not None:
                    waiting[channel] = batch
            elif kind == b"subscribe":
                self._confirmed(channel.decode())
        for channel, batch in waiting.items():
            handed += self._hand_out(channel, batch)
        return handed

    def _confirmed(self, channel: str) -> None:
        still_pending = self._pending.get(channel, 0) - 1
        if still_pending > 0:
            self._pending[channel] = still_pending
            return
        self._pending.pop(channel, None)
        if topic := self._topics.get(channel):
            topic.confirmed.set()
        self._reread(channel)

    def _reread(self, channel: str) -> None:
        if topic := self._topics.get(channel):
            for listener in tuple(topic.listeners):
                listener.reread()

    def _hand_out_aside(self, channel: bytes, data: bytes) -> None:
        if topic := self._topics.get(channel.decode()):
            for listener in tuple(topic.listeners):
                listener.aside(data)

    def _hand_out(self, channel: bytes, batch: LiveBatch) -> int:
        topic = self._topics.get(channel.decode())
        if topic is None:
            return 0
        topic.heard_at = time.monotonic()
        chunk = chunk_of(batch.data)
        listeners = tuple(topic.listeners)
        for listener in listeners:
            listener.put(batch, chunk)
        if batch.published_at is not None and listeners:
            self._written(batch.published_at)
        return len(listeners)


def _batch_of(channel: bytes, data: bytes) -> LiveBatch | None:
    try:
        return LiveBatch.of_message(data)
    except BadFrame:
        name = response_of_channel(channel.decode(errors="replace"))
        logger.warning("%s: what was published is not a frame", name)
        return None
