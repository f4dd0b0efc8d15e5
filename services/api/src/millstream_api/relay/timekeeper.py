"""The timekeeper: one greenlet that minds the silences of all direct viewers of this process."""

import logging
import time
from typing import Final, NoReturn

import gevent

from millstream_api.relay.direct import DirectViewer
from millstream_api.relay.hub import Hub
from millstream_api.relay.source import Source
from millstream_api.relay.topic import Topic
from millstream_contract.errors import NotFound

logger = logging.getLogger(__name__)

_LOOKS: Final = 10
"""So often it looks within the shortest of its times."""


class Timekeeper:
    """Sends keep-alives, and reads the log for viewers that hear nothing."""

    def __init__(
        self, hub: Hub, source: Source, *, keep_alive_seconds: float, recheck_seconds: float
    ) -> None:
        """Mind the viewers of ``hub``.

        keep_alive_seconds: the longest silence; then a comment goes out. recheck_seconds: when a
        response is silent this long, its log is read.
        """
        self._hub = hub
        self._source = source
        self._keep_alive_seconds = keep_alive_seconds
        self._recheck_seconds = recheck_seconds
        self._every_seconds = min(1.0, keep_alive_seconds / _LOOKS, recheck_seconds / _LOOKS)
        self._greenlet: gevent.Greenlet[..., NoReturn] | None = None

    def start(self) -> None:
        """Begin; in the process that serves."""
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """End."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _run(self) -> NoReturn:
        while True:
            gevent.sleep(self._every_seconds)
            for topic in self._hub.topics():
                try:
                    self._mind(topic, time.monotonic())
                except Exception:
                    logger.exception("%s: its viewers are minded later", topic.response_id)

    def _mind(self, topic: Topic, now: float) -> None:
        viewers = _viewers(topic)
        # Not later than the setting says, so up to one look sooner.
        silent_since = now - self._keep_alive_seconds + self._every_seconds
        for viewer in viewers:
            viewer.keep_alive(silent_since)
        if viewers and now - topic.heard_at >= self._recheck_seconds:
            topic.heard_at = now
            gevent.spawn(self._recheck, topic)

    def _recheck(self, topic: Topic) -> None:
        """Look once for all viewers whether there is something that they have not heard."""
        live = [cursor for one in _viewers(topic) if (cursor := one.live_cursor) is not None]
        if not live:
            return
        try:
            has_more = self._source.has_more(topic.response_id, min(live))
        except NotFound:
            # Each viewer finds that out for itself.
            has_more = True
        if has_more:
            for viewer in _viewers(topic):
                viewer.reread()


def _viewers(topic: Topic) -> list[DirectViewer]:
    return [one for one in topic.listeners if isinstance(one, DirectViewer)]
