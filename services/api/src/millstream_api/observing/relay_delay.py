"""How long a frame takes from Redis to the viewers: measured on some frames, by Redis' own clock.

Now and then a message says when Redis published it. How far this machine's clock is from Redis' is
asked for; the answer is wrong by half a round trip at most, whatever clocks are set to. Nothing is
measured for a frame that carries no time, and one figure for all viewers of one that does: the last
one's.
"""

import logging
import time
from collections.abc import Callable
from typing import Final, NoReturn

import gevent
from redis import Redis, RedisError

from millstream_api.observing.metrics import RelayMetrics

logger = logging.getLogger(__name__)

_COMPARE_EVERY_SECONDS: Final = 15.0
_TRIES: Final = 3


class RelayDelay:
    """Measures; until the clocks were compared it keeps nothing."""

    def __init__(
        self, redis: Redis, metrics: RelayMetrics, clock: Callable[[], float] = time.time
    ) -> None:
        """Compare with this Redis; call start()."""
        self._redis = redis
        self._metrics = metrics
        self._clock = clock
        self._ahead: float | None = None
        self._greenlet: gevent.Greenlet[..., NoReturn] | None = None

    def start(self) -> None:
        """Begin to compare the clocks; in the process that serves."""
        self._greenlet = gevent.spawn(self._compare_for_ever)

    def stop(self) -> None:
        """End."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def written(self, published_at: float) -> None:
        """Note that what Redis published then is in the sockets of its viewers."""
        if self._ahead is not None:
            seconds = self._clock() + self._ahead - published_at
            self._metrics.delay.observe(max(0.0, seconds))

    def compare(self) -> None:
        """Compare the clocks by the quickest of some round trips. Raises RedisError."""
        trips = [self._trip() for _ in range(_TRIES)]
        _, self._ahead = min(trips)

    def _trip(self) -> tuple[float, float]:
        begun = self._clock()
        seconds, microseconds = self._redis.time()
        ended = self._clock()
        return ended - begun, seconds + microseconds / 1e6 - (begun + ended) / 2

    def _compare_for_ever(self) -> NoReturn:
        while True:
            try:
                self.compare()
            except RedisError as error:
                logger.debug("the clocks are compared later: %s", error)
            gevent.sleep(_COMPARE_EVERY_SECONDS)
