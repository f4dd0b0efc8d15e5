"""The token log of one attempt: what earlier attempts left there, and a writer behind that."""

import logging
from dataclasses import dataclass
from typing import Final

from millstream_contract.errors import Fenced, LedgerUnavailable, LogUnavailable
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.custody import Custody
from millstream_worker.answering.earlier_frames import (
    Earlier,
    begin_anew,
    earlier_frames,
    opening_only,
)
from millstream_worker.answering.log_writer import LogWriter
from millstream_worker.answering.patience import patiently
from millstream_worker.answering.stopping import Stopped, StopReason, StopSignal
from millstream_worker.settings import AnswerSettings

logger = logging.getLogger(__name__)

_ENDING_ATTEMPTS: Final = 1
"""Attempts after the last that end the response as failed, with what its log holds. If they do not
come to that either, the next one does it without what the log holds."""


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """Opens the log for the attempt that has claimed ``row``; ``stop`` ends the waiting for it."""

    log: TokenLog
    custody: Custody
    settings: AnswerSettings
    row: ResponseRow
    stop: StopSignal

    def earlier(self) -> Earlier:
        """Take the log over and return what it holds; a log that cannot be had holds nothing.

        Raises Fenced, Stopped.
        """
        try:
            return patiently(
                self._take_over,
                what=f"{self.row.id}: opening its log",
                seconds=self.settings.log_open_seconds,
                wait=self.stop.wait,
            )
        except (LogUnavailable, LedgerUnavailable, Stopped) as error:
            if isinstance(error, Stopped) and error.reason is not StopReason.CANCELLED:
                raise
            # The ledger must get an end all the same; the writer goes on trying to reach the log.
            return opening_only(self.row)
        except Fenced:
            raise
        except Exception:
            name = (self.row.id, self.row.attempt)
            logger.exception("%s attempt %d: its log cannot be read", *name)
            return opening_only(self.row)

    def writer(self, earlier: Earlier) -> LogWriter:
        """Return a running writer that goes on behind ``earlier``."""
        return LogWriter(
            self.log,
            AnswerJob(self.row.id, self.row.attempt),
            earlier,
            still_held=self._is_held,
            stop=self.stop,
            patience_seconds=self.settings.log_patience_seconds,
        )

    def _take_over(self) -> Earlier:
        if self.row.tries > self.settings.max_attempts + _ENDING_ATTEMPTS:
            # Whatever the log holds, it must not keep the response from its end.
            return begin_anew(self.log, self.row, self._is_held)
        return earlier_frames(self.log, self.row, self.stop, self._is_held)

    def _is_held(self) -> bool:
        return self.custody.is_held(AnswerJob(self.row.id, self.row.attempt), self.stop)
