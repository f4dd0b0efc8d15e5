"""The one subscription of this process to Redis, made again with all channels when it breaks."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Final, TypeAlias

import gevent
from gevent.lock import RLock
from redis import Redis, RedisError

from millstream_api.observing.metrics import RelayMetrics
from millstream_api.relay.subscription import Subscription
from millstream_contract.keys import IDLE_CHANNEL

logger = logging.getLogger(__name__)

_PING_AFTER_SECONDS: Final = 5.0
"""A connection silent this long is asked; silent twice as long it counts as broken."""

_RECONNECT_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)

Published: TypeAlias = tuple[bytes, bytes]
"""A channel, and what was published on it."""


class LastingSubscription:
    """Hears the channels that are wanted, by a greenlet, over any outage of Redis."""

    def __init__(
        self,
        make_client: Callable[[], Redis],
        *,
        wanted: Collection[str],
        hear: Callable[[Iterator[Published]], None],
        confirmed: Callable[[str], None],
        broken: Callable[[], None],
        metrics: RelayMetrics,
    ) -> None:
        """Make connections by ``make_client``, whose clients must not reconnect by themselves.

        wanted: a live view of the channels to be heard; a new one must be in it before
        ``subscribe``, and one that nobody wants must have left it before ``unsubscribe``.
        hear: takes all that has come at once. confirmed: told of each channel that is heard from
        now on. broken: told that nothing is heard any more until it is confirmed again.
        """
        self._make_client = make_client
        self._wanted = wanted
        self._hear = hear
        self._confirmed = confirmed
        self._broken = broken
        self._metrics = metrics
        # Subscriptions sent and not yet confirmed; only the last confirmation counts.
        self._pending: dict[str, int] = {}
        self._subscription: Subscription | None = None
        self._sending = RLock()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._failures = 0

    def start(self) -> None:
        """Begin to listen. Call once, in the process that serves."""
        self._greenlet = gevent.spawn(self._listen_for_ever)

    def stop(self) -> None:
        """End listening and close the connection."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self._disconnect()

    def subscribe(self, channel: str) -> None:
        """Ask to hear a channel; while Redis is away, as soon as it is back."""
        self._pending[channel] = self._pending.get(channel, 0) + 1
        self._send(lambda subscription: subscription.subscribe(channel))

    def unsubscribe(self, channel: str) -> None:
        """Hear a channel no more, unless it is wanted again meanwhile."""
        with self._sending:
            if channel not in self._wanted:
                self._send(lambda subscription: subscription.unsubscribe(channel))

    def _send(self, call: Callable[[Subscription], None]) -> None:
        # When it fails, the listener finds the connection broken and subscribes to everything
        # again: there is nothing to do here.
        with self._sending, suppress(RedisError, OSError):
            if self._subscription is not None:
                call(self._subscription)

    def _listen_for_ever(self) -> None:
        while True:
            try:
                self._connect()
                self._listen()
            except (RedisError, OSError) as error:
                pause = self._pause_seconds()
                logger.warning("the subscription to Redis broke, again in %g s: %s", pause, error)
                self._metrics.reconnects.inc()
            except Exception:
                logger.exception("the relay's listener failed; it starts again")
            self._disconnect()
            gevent.sleep(self._pause_seconds())
            self._failures += 1

    def _pause_seconds(self) -> float:
        return _RECONNECT_SECONDS[min(self._failures, len(_RECONNECT_SECONDS) - 1)]

    def _connect(self) -> None:
        subscription = Subscription(self._make_client(), silence_seconds=_PING_AFTER_SECONDS)
        subscription.subscribe(IDLE_CHANNEL)
        with self._sending:
            self._subscription = subscription
            channels = list(self._wanted)
            self._pending = dict.fromkeys(channels, 1)
            if channels:
                subscription.subscribe(*channels)

    def _disconnect(self) -> None:
        with self._sending:
            subscription, self._subscription = self._subscription, None
        self._broken()
        if subscription is not None:
            with suppress(RedisError, OSError):
                subscription.close()

    def _listen(self) -> None:
        subscription, asked = self._subscription, False
        while subscription is not None:
            try:
                self._hear(self._published(subscription))
                asked = False
                # A server that can be connected to may refuse all the same, and so at once again.
                self._failures = 0
            except TimeoutError:
                if asked:
                    raise OSError("no reply to a ping") from None
                asked = True
                self._send(lambda connected: connected.ping())

    def _published(self, subscription: Subscription) -> Iterator[Published]:
        for kind, channel, data in subscription.receive():
            if kind == b"message":
                yield channel, data
            elif kind == b"subscribe" and self._is_last_confirmation(name := channel.decode()):
                self._confirmed(name)

    def _is_last_confirmation(self, channel: str) -> bool:
        still_pending = self._pending.pop(channel, 0) - 1
        if still_pending > 0:
            self._pending[channel] = still_pending
        return still_pending <= 0
