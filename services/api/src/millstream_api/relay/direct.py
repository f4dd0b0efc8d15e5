"""A viewer that costs no greenlet: what is published goes straight into its socket.

It is *live* as long as its socket takes everything at once. When it does not, or something may have
been missed, a greenlet takes over: it sends what is left, reads the log, and leaves when the viewer
is up to date again.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

import gevent

from millstream_api.relay.connection import ClientConnection, ConnectionGone
from millstream_api.relay.ends import StreamEnd
from millstream_api.relay.hub import Hub
from millstream_api.relay.manner import Manner
from millstream_api.relay.source import Source
from millstream_api.relay.topic import Topic
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import NotFound
from millstream_contract.frames import KEEP_ALIVE, split_frames
from millstream_contract.token_log import Follower, Hole, LiveBatch

logger = logging.getLogger(__name__)


class DirectViewer:
    """One viewer of one response, from its cursor to its end."""

    __slots__ = (
        "_asked_to_end",
        "_connection",
        "_follower",
        "_hub",
        "_is_closed",
        "_mailbox",
        "_manner",
        "_response_id",
        "_rest",
        "_source",
        "_spoke_at",
        "_topic",
    )

    def __init__(
        self,
        hub: Hub,
        source: Source,
        response_id: str,
        cursor: int,
        connection: ClientConnection,
        manner: Manner,
    ) -> None:
        """Serve a response from a cursor over this connection."""
        self._hub = hub
        self._source = source
        self._response_id = response_id
        self._follower = Follower(cursor)
        self._connection = connection
        self._manner = manner
        self._topic: Topic | None = None
        # What of the last write the socket has not taken.
        self._rest: bytes = b""
        self._spoke_at = time.monotonic()
        # None: live.
        self._mailbox: Mailbox | None = None
        self._asked_to_end: StreamEnd | None = None
        self._is_closed = False

    def start(self, head: bytes, known: bytes = b"", *, look_in_ledger: bool) -> None:
        """Send the head of the reply and frames that are known already, and go on by a greenlet.

        known: the frames directly behind the cursor. look_in_ledger: the response may be final, and
        its log gone.
        """
        mailbox = self._mailbox = self._hub.mailbox()
        self._connection.watch(lambda: self._ask_to_end(StreamEnd.CLIENT_CLOSED))
        if known:
            known = self._manner.framed(self._follower.take_logged(list(split_frames(known))))
        first = head + known
        try:
            self._rest = first[self._connection.write(first) :]
        except ConnectionGone:
            self._asked_to_end = StreamEnd.CLIENT_CLOSED
        gevent.spawn(self._drive, lambda: self._arrive(mailbox, look_in_ledger))

    # What the hub calls: none of these may block.

    def put(self, batch: LiveBatch, chunk: bytes) -> None:
        """Send what was published."""
        if self._mailbox is not None:
            self._mailbox.put(batch)
            return
        follower = self._follower
        if batch.first == follower.cursor + 1 and self._manner.is_plain:
            # The usual case, in which nothing is made for this viewer alone.
            follower.cursor = batch.last
            follower.finished = batch.ends_stream
            self._write(chunk)
            return
        taken = self._source.live(follower, batch)
        if isinstance(taken, Hole):
            self.reread()
        elif taken:
            self._write(self._manner.framed(taken))

    def aside(self, data: bytes) -> None:
        """Send what was told beside the stream."""
        if self._mailbox is not None:
            self._mailbox.aside(data)
        elif beside := self._source.beside(self._follower, data):
            self._write(self._manner.framed(beside))

    def reread(self) -> None:
        """Read the log again."""
        (self._mailbox or self._fall_behind()).reread()

    def wake(self) -> None:
        """End when this process drains."""
        if self._hub.draining:
            self._ask_to_end(StreamEnd.DRAINED)

    # What the timekeeper calls: neither may these.

    @property
    def live_cursor(self) -> int | None:
        """The number of the last event that it has; None while it is being looked after."""
        return None if self._mailbox is not None else self._follower.cursor

    def keep_alive(self, silent_since: float) -> None:
        """Send a comment if nothing was sent since then."""
        if self._mailbox is None and self._spoke_at <= silent_since:
            self._write(self._manner.framed(KEEP_ALIVE))

    def _ask_to_end(self, end: StreamEnd) -> None:
        if self._mailbox is None:
            self._close(end)
        else:
            self._asked_to_end = end
            self._connection.hurry()
            self._mailbox.wake()

    def _write(self, data: bytes) -> None:
        if self._follower.finished:
            data += self._manner.ending()
        if not data:
            return
        try:
            sent = self._connection.write(data)
        except ConnectionGone:
            self._close(StreamEnd.CLIENT_CLOSED)
            return
        self._spoke_at = time.monotonic()
        if sent < len(data):
            self._rest = data[sent:]
            self._fall_behind()
        elif self._follower.finished:
            self._close(StreamEnd.FINISHED)

    def _fall_behind(self) -> Mailbox:
        mailbox = self._mailbox = self._hub.mailbox()
        gevent.spawn(self._drive, lambda: self._follow(mailbox))
        return mailbox

    # What a greenlet of its own does, until it is live (again) or ends.

    def _drive(self, way: Callable[[], StreamEnd | None]) -> None:
        try:
            end = way()
        except NotFound:
            end = StreamEnd.DELETED
        except ConnectionGone:
            end = self._asked_to_end or StreamEnd.CLIENT_CLOSED
        except Exception:
            logger.exception("%s: a stream failed; its viewer may come again", self._response_id)
            end = StreamEnd.DRAINED
        if end is not None:
            self._close(end)

    def _arrive(self, mailbox: Mailbox, look_in_ledger: bool) -> StreamEnd | None:
        if self._rest:
            self._send(b"")
        if look_in_ledger:
            self._send(self._source.stored(self._response_id, self._follower))
        if not self._follower.finished:
            self._topic = self._hub.join(self._response_id, self)
            self._hub.confirm(self._topic)
            mailbox.reread()
        return self._follow(mailbox)

    def _follow(self, mailbox: Mailbox) -> StreamEnd | None:
        if self._rest:
            self._send(b"")
        while not self._follower.finished:
            if self._hub.draining or self._asked_to_end is not None:
                return self._asked_to_end or StreamEnd.DRAINED
            if mailbox.is_empty:
                self._mailbox = None
                return None
            if mailbox.must_reread:
                data = self._source.logged(self._response_id, self._follower, mailbox)
            else:
                data = self._source.heard(self._follower, mailbox, 0.0)
            self._send(data)
        return StreamEnd.FINISHED

    def _send(self, frames: bytes) -> None:
        """Send what is left from before and these frames, waiting as long as the client may."""
        data = self._rest + (self._manner.framed(frames) if frames else b"")
        # What is left from before may hold the end already.
        if self._follower.finished and (frames or not self._rest):
            data += self._manner.ending()
        if not data and time.monotonic() - self._spoke_at >= self._manner.keep_alive_seconds:
            data = self._manner.framed(KEEP_ALIVE)
        if data:
            self._rest = data
            self._connection.send(data, self._manner.patience_seconds)
            self._rest = b""
            self._spoke_at = time.monotonic()

    def _close(self, end: StreamEnd) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._topic is not None:
            self._hub.leave(self._topic, self)
        if end in (StreamEnd.DRAINED, StreamEnd.DELETED) and not self._rest:
            with suppress(ConnectionGone):
                self._connection.write(self._manner.last_chunk)
        self._connection.close()
        if self._manner.on_close is not None:
            gevent.spawn(self._manner.on_close, self._response_id, end)
