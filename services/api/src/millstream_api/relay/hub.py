"""One subscriber connection to Redis for all viewers of this process.

The hub is a greenlet that hears every live channel with a viewer and puts what comes into the
viewers' mailboxes. When its connection breaks it makes a new one, subscribes again, and tells every
viewer to read the log, as nobody knows what was published meanwhile.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import gevent
from gevent.event import Event
from gevent.lock import RLock
from redis import Redis, RedisError
from redis.client import PubSub

from millstream_api.observing.metrics import RelayMetrics, unobserved
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import BadFrame
from millstream_contract.keys import IDLE_CHANNEL, live_channel, response_of_channel
from millstream_contract.token_log import LiveBatch

logger = logging.getLogger(__name__)

_PING_AFTER_SECONDS: Final = 5.0
"""A connection silent this long is asked; silent twice as long it counts as broken."""

_RECONNECT_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)


class _Topic:
    """The viewers of one response, and whether Redis has confirmed the subscription."""

    def __init__(self) -> None:
        self.mailboxes: set[Mailbox] = set()
        self.confirmed = Event()


class Hub:
    """Hands what Redis publishes to the viewers of this process."""

    def __init__(
        self,
        make_client: Callable[[], Redis],
        *,
        viewer_buffer_bytes: int,
        metrics: RelayMetrics | None = None,
    ) -> None:
        """Make connections by ``make_client``, whose clients must not reconnect by themselves."""
        self._make_client = make_client
        self._buffer_bytes = viewer_buffer_bytes
        self.metrics = metrics or unobserved().relay
        self._topics: dict[str, _Topic] = {}
        # Subscriptions sent and not yet confirmed; only the last confirmation counts.
        self._pending: dict[str, int] = {}
        self._pubsub: PubSub | None = None
        self._sending = RLock()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self.draining = False

    def start(self) -> None:
        """Begin to listen. Call once, in the process that serves."""
        self._greenlet = gevent.spawn(self._listen_for_ever)

    def drain(self) -> None:
        """Let every stream end where it stands, so that its viewer goes on elsewhere."""
        self.draining = True
        for topic in self._topics.values():
            topic.confirmed.set()
            for mailbox in topic.mailboxes:
                mailbox.wake()

    def stop(self) -> None:
        """End listening and close the connection."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self._disconnect()

    @property
    def viewers(self) -> int:
        """How many viewers are open."""
        return sum(len(topic.mailboxes) for topic in self._topics.values())

    @contextmanager
    def watching(self, response_id: str, confirm_seconds: float = 2.0) -> Iterator[Mailbox]:
        """Lend a mailbox that hears all that is published of a response.

        It is lent when Redis has confirmed the subscription, so that whoever reads the log then
        misses nothing. Without a confirmation in time (Redis is away) it is lent all the same and
        will be told to read the log again when Redis is back.
        """
        channel = live_channel(response_id)
        mailbox = Mailbox(self._buffer_bytes, self.metrics.slow_viewers.inc)
        topic = self._topics.get(channel)
        if topic is None:
            topic = self._topics[channel] = _Topic()
            self._send_subscribe(channel)
        topic.mailboxes.add(mailbox)
        self.metrics.viewers.inc()
        try:
            topic.confirmed.wait(confirm_seconds)
            yield mailbox
        finally:
            topic.mailboxes.discard(mailbox)
            self.metrics.viewers.dec()
            if not topic.mailboxes and self._topics.get(channel) is topic:
                del self._topics[channel]
                self._send_unsubscribe(channel)

    def _send_subscribe(self, channel: str) -> None:
        self._pending[channel] = self._pending.get(channel, 0) + 1
        self._send(lambda pubsub: pubsub.subscribe(channel))

    def _send_unsubscribe(self, channel: str) -> None:
        self._send(lambda pubsub: pubsub.unsubscribe(channel))  # type: ignore[no-untyped-call]

    def _send(self, call: Callable[[PubSub], Any]) -> None:
        # When it fails, the listener finds the connection broken and subscribes to everything
        # again: there is nothing to do here.
        with self._sending, suppress(RedisError, OSError):
            if self._pubsub is not None:
                call(self._pubsub)

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
        pubsub: PubSub = self._make_client().pubsub()  # type: ignore[no-untyped-call]
        pubsub.subscribe(IDLE_CHANNEL)
        with self._sending:
            self._pubsub = pubsub
            channels = list(self._topics)
            self._pending = dict.fromkeys(channels, 1)
            if channels:
                pubsub.subscribe(*channels)

    def _disconnect(self) -> None:
        with self._sending:
            pubsub, self._pubsub = self._pubsub, None
        for topic in self._topics.values():
            topic.confirmed.clear()
        if pubsub is not None:
            with suppress(RedisError, OSError):
                pubsub.close()

    def _listen(self) -> None:
        pubsub, asked = self._pubsub, False
        while pubsub is not None:
            message = pubsub.get_message(timeout=_PING_AFTER_SECONDS)
            if message is not None:
                asked = False
                self._heard(message)
            elif asked:
                raise OSError("no reply to a ping")
            else:
                asked = True
                self._send(lambda connected: connected.ping())

    def _heard(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "message":
                self._published(message["channel"].decode(), message["data"])
            case "subscribe":
                self._confirmed(message["channel"].decode())

    def _confirmed(self, channel: str) -> None:
        waiting = self._pending.get(channel, 0) - 1
        if waiting > 0:
            self._pending[channel] = waiting
            return
        self._pending.pop(channel, None)
        if topic := self._topics.get(channel):
            topic.confirmed.set()
            for mailbox in topic.mailboxes:
                mailbox.reread()

    def _published(self, channel: str, data: bytes) -> None:
        topic = self._topics.get(channel)
        if topic is None:
            return
        try:
            batch = LiveBatch.of_message(data)
        except BadFrame:
            logger.warning("%s: what was published is not a frame", response_of_channel(channel))
            return
        for mailbox in topic.mailboxes:
            mailbox.put(batch)
