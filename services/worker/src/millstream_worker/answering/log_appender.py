"""What one attempt does to its log in Redis, and what the log says to it.

All of it goes over one connection, held from the first step until close(): the way to one through
the pool would cost a token nearly as much as its append. Connecting anew is the client's matter.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from millstream_contract.errors import Fenced, LedgerUnavailable, LogUnavailable
from millstream_contract.frames import Frame
from millstream_contract.jobs import AnswerJob
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.attempt_frames import AttemptFrames
from millstream_worker.answering.log_healing import LogHealing
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

_MOST_FRAMES_PER_APPEND: Final = 256
"""Bounds one call's time in Redis, which serves everybody else meanwhile."""

_TIMED_EVERY_SECONDS: Final = 1.0
"""How often an append says when it was: enough to measure the relay, too seldom to cost."""


class LogAppender:
    """Brings the log on, step by step, until it has all frames; one step at a time."""

    def __init__(
        self,
        log: TokenLog,
        job: AnswerJob,
        frames: AttemptFrames,
        changed: threading.Condition,
        *,
        still_held: Callable[[], bool],
        stop: StopSignal,
    ) -> None:
        """Append ``frames``.

        changed: guards the frames, and is told when the log has more of them.
        still_held: asks the ledger whether this attempt may still write.
        stop: told when the log says that somebody asked for a stop.
        """
        self._shared = log
        self._job = job
        self._name = (job.response_id, job.attempt)
        self._frames = frames
        self._changed = changed
        self._still_held = still_held
        self._stop = stop
        self._timed_at = -_TIMED_EVERY_SECONDS
        self._own: TokenLog | None = None
        self._connection = ExitStack()
        self.is_suspect = False
        """True when the log may not be as written: the next step finds out what it holds."""

    def step(self) -> None:
        """Append once, or look after the log once.

        Raises Fenced, LogUnavailable, LedgerUnavailable.
        """
        self._heal() if self.is_suspect else self.append()

    def append(self) -> None:
        """Append what the log lacks, or much of it. Raises LogUnavailable."""
        with self._changed:
            frames = self._frames.unlogged(_MOST_FRAMES_PER_APPEND)
        following = frames[-1].sequence_number + 1
        try:
            reply = self._log().append(*self._name, frames, timed=self._is_time_to_tell())
        except Fenced:
            # By a later attempt, or by garbage: looking after the log tells.
            self.is_suspect = True
            return
        if reply.stop:
            self._stop.request(StopReason.CANCELLED)
        if reply.gap:
            self.is_suspect = True
        elif reply.count != following:
            logger.error("%s attempt %d: its log in Redis miscounts its frames", *self._name)
            self.is_suspect = True
        else:
            self._progress(following)

    def close(self) -> None:
        """Give the connection back, no step being under way."""
        self._own = None
        self._connection.close()

    def _heal(self) -> None:
        """Find out what the log holds, so that the next appends send the rest."""
        # Before, so that a doubt that comes up meanwhile has the log looked at once more.
        self.is_suspect = False
        try:
            healing = LogHealing(self._log(), self._job, self._still_held)
            count = healing.take_over(self._frames.first, self._frames_before)
        except (LogUnavailable, LedgerUnavailable):
            self.is_suspect = True
            raise
        if count < self._frames.wanted:
            logger.warning("%s attempt %d: Redis lost frames; sending again", *self._name)
        self._progress(count)

    def _log(self) -> TokenLog:
        if self._own is None:
            self._own = self._connection.enter_context(self._shared.on_one_connection())
        return self._own

    def _frames_before(self, number: int) -> list[Frame]:
        with self._changed:
            return self._frames.before(number)

    def _progress(self, next_number: int) -> None:
        with self._changed:
            self._frames.wanted = next_number
            self._changed.notify_all()

    def _is_time_to_tell(self) -> bool:
        """Tell whether viewers are to learn when this was published: from some frames only."""
        now = time.monotonic()
        if now - self._timed_at < _TIMED_EVERY_SECONDS:
            return False
        self._timed_at = now
        return True
