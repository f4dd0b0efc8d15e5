"""A viewer's stream: the log from its cursor, then live, each frame once and in order."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import gevent

from millstream_api.relay.hub import Hub
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import LedgerUnavailable, LogUnavailable, NotFound
from millstream_contract.frames import DONE, KEEP_ALIVE, split_frames
from millstream_contract.ledger import Ledger
from millstream_contract.token_log import READ_BATCH, Follower, Hole, TokenLog

_LEDGER_WAIT_SECONDS: Final = 0.3
"""How long a viewer waits for a ledger that may be away, while Redis may have something for it."""

_RETRY_SECONDS: Final = 1.0
"""How soon a log that could not be read is tried again, if the hub does not say so before."""


@dataclass(frozen=True, slots=True)
class Streamer:
    """Streams responses to viewers.

    keep_alive_seconds: the longest silence; then a comment goes out.
    recheck_seconds: a viewer that hears nothing this long reads the log again.
    """

    hub: Hub
    log: TokenLog
    ledger: Ledger
    keep_alive_seconds: float
    recheck_seconds: float

    def stream(self, response_id: str, cursor: int) -> Iterator[bytes]:
        """Yield the frames behind ``cursor`` until the final one, then ``[DONE]``.

        It goes on over outages of Redis and PostgreSQL; while there is nothing to send, keep-alive
        comments show the client that the connection lives. When this process drains, the stream
        ends without ``[DONE]``: its viewer goes on elsewhere from its cursor. So it does when the
        response was deleted.
        """
        try:
            yield from self._stream(response_id, cursor)
        except NotFound:
            return

    def _stream(self, response_id: str, cursor: int) -> Iterator[bytes]:
        follower = Follower(cursor)
        if cursor >= 0:
            self.hub.metrics.resumes.inc()
        if data := self._stored(response_id, follower):
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

    def _follow(self, response_id: str, follower: Follower, mailbox: Mailbox) -> Iterator[bytes]:
        mailbox.reread()
        spoke_at = time.monotonic()
        while not (follower.finished or self.hub.draining):
            if mailbox.must_reread:
                data = self._logged(response_id, follower, mailbox)
            else:
                patience = spoke_at + self.keep_alive_seconds - time.monotonic()
                data = self._live(follower, mailbox, min(patience, self.recheck_seconds))
            if not data and time.monotonic() - spoke_at >= self.keep_alive_seconds:
                data = KEEP_ALIVE
            if data:
                yield data
                spoke_at = time.monotonic()

    def _logged(self, response_id: str, follower: Follower, mailbox: Mailbox) -> bytes:
        # First open the mailbox, then read: what is not in the log yet will be in the mailbox.
        mailbox.must_reread = False
        try:
            frames = self.log.read_after(response_id, follower.cursor)
        except LogUnavailable:
            # The answer may end meanwhile: then the ledger has it all.
            data = self._stored(response_id, follower)
            if not follower.finished:
                mailbox.pause(_RETRY_SECONDS)
                mailbox.reread()
            return data
        data = follower.take_logged(frames)
        # Without progress (a log with a hole, which should not be) it would be read for ever.
        if data and len(frames) == READ_BATCH:
            mailbox.reread()
        return data or self._stored(response_id, follower)

    def _live(self, follower: Follower, mailbox: Mailbox, wait_seconds: float) -> bytes:
        batches = mailbox.take(max(0.0, wait_seconds))
        pieces = []
        for batch in batches:
            taken = follower.take_live(batch)
            if isinstance(taken, Hole):
                mailbox.reread()
                self.hub.metrics.holes_filled.inc()
                break
            if not taken:
                self.hub.metrics.repeats_dropped.inc()
            pieces.append(taken)
        if not batches:
            mailbox.must_reread = True
        return b"".join(pieces)

    def _stored(self, response_id: str, follower: Follower) -> bytes:
        """Return what the ledger has behind the cursor: all of it once the response is final.

        Raises NotFound when it was deleted.
        """
        try:
            log = self.ledger.responses.log(response_id, wait_seconds=_LEDGER_WAIT_SECONDS)
        except LedgerUnavailable:
            return b""
        return b"" if log is None else follower.take_stored(list(split_frames(log)))
