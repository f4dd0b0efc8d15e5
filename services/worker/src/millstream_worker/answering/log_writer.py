"""The log writer: takes an answer's frames to the token log, off the model's thread.

The first frame goes out at once; while an append is under way, what arrives is collected and goes
out in the next one. It never waits in order to fill a batch. All frames are kept until the end, for
the ledger, and for a Redis that has lost them.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from enum import Enum
from typing import Final

from millstream_contract.errors import Fenced, LedgerUnavailable, LogUnavailable
from millstream_contract.events import Event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.jobs import AnswerJob
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.earlier_frames import Earlier
from millstream_worker.answering.patience import Waits
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

_MOST_FRAMES_PER_APPEND: Final = 256
"""Bounds one call's time in Redis, which serves everybody else meanwhile."""


_TIMED_EVERY_SECONDS: Final = 1.0
"""How often an append says when it was: enough to measure the relay, too seldom to cost."""


class _State(Enum):
    WRITING = "writing"
    CLOSED = "closed"
    FENCED = "fenced"
    GIVEN_UP = "given up"


class LogWriter:
    """Writes one attempt's frames, by a thread of its own that ends with close()."""

    def __init__(
        self,
        log: TokenLog,
        job: AnswerJob,
        earlier: Earlier,
        *,
        still_held: Callable[[], bool],
        stop: StopSignal,
        patience_seconds: float,
    ) -> None:
        """Continue a log.

        earlier: the frames before this attempt's own; those that the log lacks are written first.
        still_held: asks the ledger whether this attempt may still write, and raises
        LedgerUnavailable; it is asked when Redis has lost frames, for Redis has then forgotten who
        may write, too.
        patience_seconds: how long Redis may be away before the rest of the log is given up.
        """
        self._log = log
        self._job = job
        self._frames = list(earlier.frames)
        self._first = earlier.first
        # Counted from the first frame, as all places below.
        self._logged = earlier.logged - earlier.first
        self._suspect = False
        self._timed_at = -_TIMED_EVERY_SECONDS
        self._still_held = still_held
        self._stop = stop
        self._patience_seconds = patience_seconds
        self._state = _State.WRITING
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            # In the context of the answer, so that its log lines say whose they are.
            target=copy_context().run,
            args=(self._run,),
            name=f"log-{job.response_id[-8:]}",
            daemon=True,
        )
        self._thread.start()

    def write(self, events: Sequence[Event]) -> None:
        """Number and encode events, and have them appended."""
        with self._changed:
            for event in events:
                self._frames.append(encode_frame(event, self._next_number()))
            self._changed.notify_all()

    def next_frame(self, event: Event) -> Frame:
        """Return the frame that an event would be, if it were written now."""
        with self._changed:
            return encode_frame(event, self._next_number())

    def check(self) -> None:
        """Have the log looked at although nothing is to be written: Redis lost something."""
        with self._changed:
            self._suspect = True
            self._changed.notify_all()

    def data(self) -> bytes:
        """Return all frames, joined."""
        with self._changed:
            return b"".join(frame.data for frame in self._frames)

    def flush(self, seconds: float) -> bool:
        """Wait until the log holds all frames; False when it does not within ``seconds``."""
        with self._changed:
            self._changed.wait_for(self._settled, seconds)
            return self._logged == len(self._frames)

    def close(self) -> None:
        """Wait until the log holds all frames, or is given up, and end the thread."""
        with self._changed:
            if self._state is _State.WRITING:
                self._state = _State.CLOSED
            self._changed.notify_all()
        self._thread.join()

    def abandon(self) -> None:
        """Write nothing more, and end the thread."""
        with self._changed:
            if self._state is _State.WRITING:
                self._state = _State.GIVEN_UP
            self._changed.notify_all()
        self._thread.join()

    def _next_number(self) -> int:
        return self._first + len(self._frames)

    def _settled(self) -> bool:
        lost = self._state in (_State.FENCED, _State.GIVEN_UP)
        return lost or self._logged == len(self._frames)

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._step_patiently()
        except Fenced:
            self._stop.request(StopReason.FENCED)
            self._lose(_State.FENCED)
        except Exception:
            # The ledger still gets the whole answer; only this log ends early.
            logger.exception("%s attempt %d: the log is given up", *self._name)
            self._lose(_State.GIVEN_UP)

    def _wait_for_work(self) -> bool:
        """Wait until there is something to append or to check; False when it is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._state is not _State.WRITING or self._suspect or self._unlogged()
            )
            if self._state is _State.WRITING:
                return True
            return self._state is _State.CLOSED and bool(self._unlogged())

    def _step_patiently(self) -> None:
        """Append once, or look after the log once, however long Redis is away."""
        deadline = time.monotonic() + self._patience_seconds
        pauses = Waits()
        while self._state is not _State.GIVEN_UP:
            try:
                self._heal() if self._suspect else self._append()
            except (LogUnavailable, LedgerUnavailable) as error:
                logger.debug("%s attempt %d: %s", *self._name, error)
                if time.monotonic() >= deadline:
                    raise LogUnavailable(f"for {self._patience_seconds:g} s") from error
                with self._changed:
                    self._changed.wait_for(lambda: self._state is _State.GIVEN_UP, pauses.next())
            else:
                return

    def _unlogged(self) -> list[Frame]:
        return self._frames[self._logged : self._logged + _MOST_FRAMES_PER_APPEND]

    def _append(self) -> None:
        with self._changed:
            frames = self._unlogged()
        timed = self._is_time_to_tell()
        following = frames[-1].sequence_number + 1
        try:
            reply = self._log.append(*self._name, frames, timed=timed)
        except Fenced:
            # By a later attempt, or by garbage: looking after the log tells.
            self.check()
            return
        if reply.stop:
            self._stop.request(StopReason.CANCELLED)
        if reply.gap:
            self.check()
        elif reply.count != following:
            logger.error("%s attempt %d: its log in Redis miscounts its frames", *self._name)
            self.check()
        else:
            self._progress(following)

    def _is_time_to_tell(self) -> bool:
        """Tell whether viewers are to learn when this was published: from some frames only."""
        now = time.monotonic()
        if now - self._timed_at < _TIMED_EVERY_SECONDS:
            return False
        self._timed_at = now
        return True

    def _heal(self) -> None:
        """Find out what the log holds, so that the next appends send the rest."""
        self._suspect = False
        try:
            count = self._take_over()
        except (LogUnavailable, LedgerUnavailable):
            self.check()
            raise
        if count < self._first + self._logged:
            logger.warning("%s attempt %d: Redis lost frames; sending again", *self._name)
        self._progress(count)

    def _take_over(self) -> int:
        """Take the log, and return the number of the next frame that it wants."""
        try:
            held = self._log.take_over(*self._name, least_count=self._first)
        except Fenced as fenced:
            self._check_with_ledger(otherwise=fenced)
        else:
            # Only now: whoever begins a later attempt from here on finds the log taken by this one.
            self._check_with_ledger()
            if self._is_as_written(held.count):
                return held.count
        # The ledger knows of no later attempt: somebody else has written there.
        logger.error("%s attempt %d: its log in Redis is not as written; begun anew", *self._name)
        held = self._log.take_over(*self._name, least_count=self._first, anew=True)
        self._check_with_ledger()
        return held.count

    def _check_with_ledger(self, otherwise: Fenced | None = None) -> None:
        """Raise Fenced when the ledger says so; ``otherwise`` when it is away, if that is given."""
        try:
            if self._still_held():
                return
        except LedgerUnavailable:
            if otherwise is None:
                raise
            raise otherwise from None
        raise Fenced(*self._name)

    def _is_as_written(self, count: int) -> bool:
        """Tell whether the log holds this attempt's frames before number ``count``, and no more."""
        with self._changed:
            frames = self._frames[: count - self._first]
        logged = self._log.read_all(self._job.response_id, self._first - 1)
        return self._first + len(frames) == count and list(logged) == frames

    def _progress(self, next_number: int) -> None:
        with self._changed:
            self._logged = next_number - self._first
            self._changed.notify_all()

    def _lose(self, state: _State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    @property
    def _name(self) -> tuple[str, int]:
        return self._job.response_id, self._job.attempt
