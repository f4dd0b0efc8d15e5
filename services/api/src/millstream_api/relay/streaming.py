"""A viewer's stream: the log from its cursor, then live, each frame once and in order."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import gevent

from millstream_api.relay.connection import ClientConnection
from millstream_api.relay.direct import DirectViewer
from millstream_api.relay.ends import OnClose, StreamEnd, Translate
from millstream_api.relay.hub import Hub
from millstream_api.relay.manner import Manner
from millstream_api.relay.source import Source
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import NotFound
from millstream_contract.frames import DONE, KEEP_ALIVE
from millstream_contract.token_log import Follower
from millstream_contract.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Streamer:
    """Streams responses to viewers.

    keep_alive_seconds: the longest silence; then a comment goes out.
    recheck_seconds: a viewer that hears nothing this long reads the log again.
    send_timeout_seconds: how long a client may read nothing while there is something to send.
    """

    hub: Hub
    source: Source
    keep_alive_seconds: float
    recheck_seconds: float
    send_timeout_seconds: float
    tracing: Tracing

    def serve(
        self,
        response_id: str,
        cursor: int,
        connection: ClientConnection,
        manner: Manner,
        *,
        head: bytes,
        known: bytes = b"",
        may_be_final: bool = True,
    ) -> None:
        """Stream into a connection that was taken over; returns at once.

        head: what goes out before. known: frames directly behind the cursor that the caller has.
        may_be_final: the response may have ended, and its log be gone.
        """
        self._count(cursor)
        viewer = DirectViewer(self.hub, self.source, response_id, cursor, connection, manner)
        viewer.start(head, known, look_in_ledger=may_be_final)

    def manner(
        self,
        *,
        chunked: bool = True,
        on_close: OnClose | None = None,
        translate: Translate | None = None,
    ) -> Manner:
        """Return how a stream is sent, with the times of this streamer."""
        times = self.keep_alive_seconds, self.send_timeout_seconds
        return Manner(*times, chunked=chunked, on_close=on_close, translate=translate)

    def stream(
        self, response_id: str, cursor: int, on_close: OnClose | None = None
    ) -> Generator[bytes, None, None]:
        """Yield the frames behind ``cursor`` until the final one, then ``[DONE]``.

        It goes on over outages of Redis and PostgreSQL; while there is nothing to send, keep-alive
        comments show the client that the connection lives. When this process drains, the stream
        ends without ``[DONE]``: its viewer goes on elsewhere from its cursor. So it does when the
        response was deleted. Closing it is what a client does that goes away.
        """
        self._count(cursor)
        follower, end = Follower(cursor), StreamEnd.CLIENT_CLOSED
        try:
            yield from self._stream(response_id, follower)
            end = StreamEnd.FINISHED if follower.finished else StreamEnd.DRAINED
        except NotFound:
            end = StreamEnd.DELETED
        finally:
            if on_close is not None:
                gevent.spawn(on_close, response_id, end)

    def _stream(self, response_id: str, follower: Follower) -> Iterator[bytes]:
        if data := self.source.stored(response_id, follower):
            yield data
        if not follower.finished:
            with self.hub.watching(response_id) as mailbox:
                yield from self._follow(response_id, follower, mailbox)
        if follower.finished:
            yield DONE

    def wait_for_end(self, response_id: str, seconds: float | None = None) -> bool:
        """Wait until a response is final, for ``seconds`` at the longest; tell whether it is.

        It also ends, with False, when this process drains.
        """
        patience = gevent.Timeout(seconds)
        try:
            with patience:
                for _ in self.stream(response_id, -1):
                    pass
        except gevent.Timeout as timeout:
            if timeout is not patience:
                raise
            return False
        return not self.hub.draining

    def _count(self, cursor: int) -> None:
        if cursor >= 0:
            self.source.metrics.resumes.inc()

    def _follow(self, response_id: str, follower: Follower, mailbox: Mailbox) -> Iterator[bytes]:
        mailbox.reread()
        spoke_at = time.monotonic()
        while not (follower.finished or self.hub.draining):
            if mailbox.must_reread:
                data = self.source.logged(response_id, follower, mailbox)
            else:
                patience = spoke_at + self.keep_alive_seconds - time.monotonic()
                data = self.source.heard(follower, mailbox, min(patience, self.recheck_seconds))
            if not data and time.monotonic() - spoke_at >= self.keep_alive_seconds:
                data = KEEP_ALIVE
            if data:
                yield data
                spoke_at = time.monotonic()
