"""The log writer: takes an answer's frames to the token log.

A token that comes after a pause is appended by the thread that brings it. All else goes out by a
thread of the writer's own: while an append is under way, what arrives is collected and goes out in
the next one. It never waits in order to fill a batch. All frames are kept until the end, for the
ledger, and for a Redis that has lost them.
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
from millstream_worker.answering.attempt_frames import AttemptFrames
from millstream_worker.answering.earlier_frames import Earlier
from millstream_worker.answering.log_appender import LogAppender
from millstream_worker.answering.patience import Waits
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 0.005
"""Tokens that come closer than this are worth collecting."""


class _State(Enum):
    WRITING = "writing"
    CLOSED = "closed"
    FENCED = "fenced"
    GIVEN_UP = "given up"


class LogWriter:
    """Writes one attempt's frames; its thread ends with close() or abandon()."""

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
        self._name = (job.response_id, job.attempt)
        self._frames = AttemptFrames(earlier)
        self._stop = stop
        self._patience_seconds = patience_seconds
        self._state = _State.WRITING
        self._appended_at = -PAUSE_SECONDS
        self._is_appending = False
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._changed = threading.Condition(lock)
        self._appender = LogAppender(
            log, job, self._frames, self._changed, still_held=still_held, stop=stop
        )
        self._thread = threading.Thread(
            # In the context of the answer, so that its log lines say whose they are.
            target=copy_context().run,
            args=(self._run,),
            name=f"log-{job.response_id[-8:]}",
            daemon=True,
        )
        self._thread.start()

    def write(self, events: Sequence[Event]) -> None:
        """Number and encode events, and have them appended; it never waits for Redis."""
        with self._work:
            self._frames.add(events)
            self._work.notify()

    def write_one(self, events: Sequence[Event]) -> None:
        """Write events that mostly come one by one: a token, and what it brings with it.

        After a pause they are appended here and now: to wake the thread, and to wait for its turn
        at the processor, costs as much as the append. What follows at once is the thread's.
        """
        with self._work:
            here = bool(events) and self._is_at_rest()
            self._frames.add(events)
            if not here:
                self._work.notify()
                return
            self._is_appending = True
        try:
            self._appender.append()
        except LogUnavailable as error:
            logger.debug("%s attempt %d: left to the log's thread: %s", *self._name, error)
        except Exception:
            # The thread meets it again; the answer goes on in any case.
            logger.exception("%s attempt %d: left to the log's thread", *self._name)
        finally:
            self._rest()

    def next_frame(self, event: Event) -> Frame:
        """Return the frame that an event would be, if it were written now."""
        with self._changed:
            return encode_frame(event, self._frames.next_number)

    def check(self) -> None:
        """Have the log looked at although nothing is to be written: Redis lost something."""
        with self._work:
            self._appender.is_suspect = True
            self._work.notify()

    def data(self) -> bytes:
        """Return all frames, joined."""
        with self._changed:
            return self._frames.data()

    def flush(self, seconds: float) -> bool:
        """Wait until the log holds all frames; False when it does not within ``seconds``."""
        with self._changed:
            self._changed.wait_for(self._settled, seconds)
            return self._frames.are_logged

    def close(self) -> None:
        """Wait until the log holds all frames, or is given up, and end the thread."""
        with self._changed:
            if self._state is _State.WRITING:
                self._state = _State.CLOSED
            self._work.notify()
        self._thread.join()

    def abandon(self) -> None:
        """Write nothing more, and end the thread."""
        with self._changed:
            if self._state is _State.WRITING:
                self._state = _State.GIVEN_UP
            self._work.notify()
            self._changed.notify_all()
        self._thread.join()

    def _settled(self) -> bool:
        lost = self._state in (_State.FENCED, _State.GIVEN_UP)
        return lost or self._frames.are_logged

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                try:
                    self._step_patiently()
                finally:
                    self._rest()
        except Fenced:
            self._stop.request(StopReason.FENCED)
            self._lose(_State.FENCED)
        except Exception:
            # The ledger still gets the whole answer; only this log ends early.
            logger.exception("%s attempt %d: the log is given up", *self._name)
            self._lose(_State.GIVEN_UP)
        finally:
            self._give_back()

    def _wait_for_work(self) -> bool:
        """Wait until there is something to append or to check; False when it is over."""
        with self._work:
            self._work.wait_for(self._has_work)
            self._is_appending = self._state is _State.WRITING or (
                self._state is _State.CLOSED and not self._frames.are_logged
            )
            return self._is_appending

    def _has_work(self) -> bool:
        is_over = self._state is not _State.WRITING
        has_work = is_over or self._appender.is_suspect or not self._frames.are_logged
        return has_work and not self._is_appending

    def _is_at_rest(self) -> bool:
        is_idle = self._frames.are_logged and not (self._is_appending or self._appender.is_suspect)
        is_pause = time.monotonic() - self._appended_at >= PAUSE_SECONDS
        return is_idle and is_pause and self._state is _State.WRITING

    def _rest(self) -> None:
        with self._work:
            self._is_appending = False
            self._appended_at = time.monotonic()
            if self._has_work():
                self._work.notify()

    def _step_patiently(self) -> None:
        """Append once, or look after the log once, however long Redis is away."""
        deadline = time.monotonic() + self._patience_seconds
        pauses = Waits()
        while self._state is not _State.GIVEN_UP:
            try:
                self._appender.step()
            except (LogUnavailable, LedgerUnavailable) as error:
                logger.debug("%s attempt %d: %s", *self._name, error)
                if time.monotonic() >= deadline:
                    raise LogUnavailable(f"for {self._patience_seconds:g} s") from error
                with self._work:
                    self._work.wait_for(lambda: self._state is _State.GIVEN_UP, pauses.next())
            else:
                return

    def _give_back(self) -> None:
        """Let the connection go, behind the last append: none begins any more."""
        with self._work:
            self._work.wait_for(lambda: not self._is_appending)
        self._appender.close()

    def _lose(self, state: _State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
