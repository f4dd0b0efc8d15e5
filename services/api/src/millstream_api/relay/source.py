"""What a viewer can read of a response: its token log, and its stored stream once it is final."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from millstream_api.observing.metrics import RelayMetrics
from millstream_api.relay.reads import Reads
from millstream_api.relay.viewer import Mailbox
from millstream_contract.errors import LedgerUnavailable, LogUnavailable
from millstream_contract.opening import LAST_OPENING_NUMBER
from millstream_contract.token_log import READ_BATCH, Follower, Hole, LiveBatch

logger = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 1.0
"""How soon a log that could not be read is tried again, if the hub does not say so before."""


@dataclass(frozen=True, slots=True)
class Source:
    """Reads for viewers, over any outage. All methods raise NotFound for a deleted response.

    request_look: has the writer of a response look at its log, soon; may raise LogUnavailable.
    """

    reads: Reads
    metrics: RelayMetrics
    request_look: Callable[[str], None]

    def logged(self, response_id: str, follower: Follower, mailbox: Mailbox) -> bytes:
        """Return what the log has behind the cursor, and tell the mailbox when there is more.

        When Redis is away it waits a little, unless the ledger has the end.
        """
        # First open the mailbox, then read: what is not in the log yet will be in the mailbox.
        mailbox.must_reread = False
        try:
            frames = self.reads.read_after(response_id, follower.cursor)
        except LogUnavailable:
            # The answer may end meanwhile: then the ledger has it all.
            data = self.stored(response_id, follower)
            if not follower.finished:
                mailbox.pause(_RETRY_SECONDS)
                mailbox.reread()
            return data
        data = follower.take_logged(frames)
        if frames and not follower.finished and follower.cursor < frames[-1].sequence_number:
            self._tell_of_hole(response_id, follower.cursor)
        # Without progress (a log with a hole that is not filled yet) it would be read for ever.
        if data and len(frames) == READ_BATCH:
            mailbox.reread()
        return data or self.stored(response_id, follower)

    def _tell_of_hole(self, response_id: str, cursor: int) -> None:
        """Have the writer fill a hole; until it has, what stands behind the hole is kept back."""
        logger.error("%s: its log in Redis has a hole behind number %d", response_id, cursor)
        with suppress(LogUnavailable):
            self.request_look(response_id)

    def stored(self, response_id: str, follower: Follower) -> bytes:
        """Return what the ledger has behind the cursor: all of it once the response is final."""
        try:
            log = self.reads.stored(response_id)
        except LedgerUnavailable:
            return b""
        return b"" if log is None else follower.take_stored(log)

    def has_more(self, response_id: str, cursor: int) -> bool:
        """Tell whether anything can be read behind the cursor, for someone who hears nothing."""
        with suppress(LogUnavailable):
            if self.reads.read_after(response_id, cursor, limit=1):
                return True
        try:
            stored = self.reads.stored(response_id)
        except LedgerUnavailable:
            return False
        return stored is not None

    def heard(self, follower: Follower, mailbox: Mailbox, wait_seconds: float) -> bytes:
        """Return what the mailbox has; the viewer is told to read the log where that has a hole.

        So it is when nothing comes in time: the net below the subscription.
        """
        batches = mailbox.take(max(0.0, wait_seconds))
        pieces = []
        for batch in batches:
            taken = self.live(follower, batch)
            if isinstance(taken, Hole):
                mailbox.reread()
                break
            pieces.append(taken)
        if not batches:
            if aside := mailbox.take_aside():
                return self.beside(follower, aside)
            mailbox.must_reread = True
        return b"".join(pieces)

    def beside(self, follower: Follower, aside: bytes) -> bytes:
        """Return an aside for a viewer that stands where it belongs: nobody has begun to answer."""
        return aside if follower.cursor == LAST_OPENING_NUMBER else b""

    def live(self, follower: Follower, batch: LiveBatch) -> bytes | Hole:
        """Return what the viewer needs of a live batch, and count what is not as it should be."""
        taken = follower.take_live(batch)
        if isinstance(taken, Hole):
            self.metrics.holes_filled.inc()
        elif not taken:
            self.metrics.repeats_dropped.inc()
        return taken
