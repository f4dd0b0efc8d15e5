"""Settling an answer. The order at its end is the promise.

All that was said is in the log, then the ledger has the whole answer, and only then does the final
event tell viewers so.
"""

import logging
from dataclasses import dataclass

from millstream_contract.errors import Fenced
from millstream_contract.events import final_event
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.objects import FINAL_STATUSES, ResponseObject
from millstream_worker.answering.log_writer import LogWriter
from millstream_worker.answering.patience import patiently
from millstream_worker.answering.stopping import Stopped, StopReason, StopSignal
from millstream_worker.settings import AnswerSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settling:
    """Ends the response of one attempt; ``writer`` has the frames of all that was said."""

    job: AnswerJob
    ledger: Ledger
    writer: LogWriter
    settings: AnswerSettings
    stop: StopSignal

    def settle(self, final: ResponseObject) -> int:
        """Store the end, then tell it; return the bytes of the whole stream.

        Raises Fenced when the attempt was overtaken, LedgerUnavailable when PostgreSQL stays away.
        """
        if not self.writer.flush(self.settings.log_flush_seconds):
            self._check_fence()
            logger.warning("%s: Redis is behind; the ledger does not wait for it", final.id)
        last = final_event(final)
        log = self.writer.data() + self.writer.next_frame(last).data
        if not self._store(final, log):
            raise Fenced(final.id)
        self.writer.write([last])
        return len(log)

    def _store(self, final: ResponseObject, log: bytes) -> bool:
        # Only a fence ends this waiting: what was said is not thrown away.
        return patiently(
            lambda: (
                self.ledger.responses.finish(final, self.job.attempt, log) or self._stored_before()
            ),
            what=f"{final.id}: storing the answer",
            seconds=self.settings.ledger_patience_seconds,
            wait=self._wait_unless_fenced,
        )

    def _stored_before(self) -> bool:
        """Tell whether an earlier try, whose reply was lost, had stored the end."""
        response_id = self.job.response_id
        standing = self.ledger.responses.standings([response_id]).get(response_id)
        return (
            standing is not None
            and standing.attempt == self.job.attempt
            and standing.status in FINAL_STATUSES
        )

    def _check_fence(self) -> None:
        if self.stop.reason is StopReason.FENCED:
            raise Fenced(self.job.response_id)

    def _wait_unless_fenced(self, seconds: float) -> None:
        try:
            self.stop.wait(seconds, reasons=[StopReason.FENCED])
        except Stopped:
            raise Fenced(self.job.response_id) from None
