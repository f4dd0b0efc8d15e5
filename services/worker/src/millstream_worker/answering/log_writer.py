"""The log writer: takes an answer's frames to the token log, off the model's thread.

The first frame goes out at once; while an append is under way, what arrives is collected and goes
out in the next one. It never waits in order to fill a batch. All frames are kept until the end, for
the ledger, and for a Redis that has lost them.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from millstream_contract.errors import ContractError, Fenced, LedgerUnavailable, LogUnavailable
from millstream_contract.events import Event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.jobs import AnswerJob
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.patience import Waits
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

_MOST_FRAMES_PER_APPEND: Final = 256
"""Bounds one call's time in Redis, which serves everybody else meanwhile."""


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
        known: Sequence[Frame],
        logged: int,
        *,
        still_held: Callable[[], bool],
        stop: StopSignal,
        patience_seconds: float,
    ) -> None:
        """Continue a log.

        known: the frames before this attempt's own, from number 0.
        logged: how many of them the log holds; the others are written first.
        still_held: asks the ledger whether this attempt may still write, and raises
        LedgerUnavailable; it is asked when Redis has lost frames, for Redis has then forgotten who
        may write, too.
        patience_seconds: how long Redis may be away before the rest of the log is given up.
        """
        self._log = log
        self._job = job
        self._frames = list(known)
        self._logged = logged
        self._still_held = still_held
        self._stop = stop
        self._patience_seconds = patience_seconds
        self._state = _State.WRITING
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, name=f"log-{job.response_id[-8:]}", daemon=True
        )
        self._thread.start()

    def write(self, events: Sequence[Event]) -> None:
        """Number and encode events, and have them appended."""
        with self._changed:
            for event in events:
                self._frames.append(encode_frame(event, len(self._frames)))
            self._changed.notify_all()

    def next_frame(self, event: Event) -> Frame:
        """Return the frame that an event would be, if it were written now."""
        with self._changed:
            return encode_frame(event, len(self._frames))

    def data(self) -> bytes:
        """Return all frames from number 0 on, joined."""
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

    def _settled(self) -> bool:
        lost = self._state in (_State.FENCED, _State.GIVEN_UP)
        return lost or self._logged == len(self._frames)

    def _run(self) -> None:
        try:
            while frames := self._next_frames():
                self._append(frames)
        except Fenced:
            self._stop.request(StopReason.FENCED)
            self._lose(_State.FENCED)
        except Exception:
            # The ledger still gets the whole answer; only this log ends early.
            logger.exception("%s attempt %d: the log is given up", *self._name)
            self._lose(_State.GIVEN_UP)

    def _next_frames(self) -> list[Frame]:
        """Wait for frames to append; none when it is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._state is not _State.WRITING or self._logged < len(self._frames)
            )
            if self._state not in (_State.WRITING, _State.CLOSED):
                return []
            return self._frames[self._logged : self._logged + _MOST_FRAMES_PER_APPEND]

    def _append(self, frames: Sequence[Frame]) -> None:
        """Append, however often it takes."""
        deadline = time.monotonic() + self._patience_seconds
        pauses = Waits()
        while not self._try_to_append(frames):
            if time.monotonic() >= deadline:
                raise LogUnavailable(f"for {self._patience_seconds:g} s")
            with self._changed:
                self._changed.wait_for(lambda: self._state is _State.GIVEN_UP, pauses.next())
                if self._state is _State.GIVEN_UP:
                    return
                frames = self._frames[self._logged : self._logged + _MOST_FRAMES_PER_APPEND]

    def _try_to_append(self, frames: Sequence[Frame]) -> bool:
        try:
            reply = self._log.append(self._job.response_id, self._job.attempt, frames)
            if reply.stop:
                self._stop.request(StopReason.CANCELLED)
            if not reply.gap:
                self._progress(frames[-1].sequence_number + 1)
                return True
            self._heal()
        except (LogUnavailable, LedgerUnavailable) as error:
            logger.debug("%s attempt %d: %s", *self._name, error)
        return False

    def _heal(self) -> None:
        if not self._still_held():
            raise Fenced(self._job.response_id)
        held = self._log.take_over(self._job.response_id, self._job.attempt)
        logger.warning("%s attempt %d: Redis lost frames; sending again", *self._name)
        if held.count > len(self._frames):
            raise ContractError(f"the log holds {held.count} frames, more than were written")
        self._progress(held.count)

    def _progress(self, logged: int) -> None:
        with self._changed:
            self._logged = logged
            self._changed.notify_all()

    def _lose(self, state: _State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    @property
    def _name(self) -> tuple[str, int]:
        return self._job.response_id, self._job.attempt
