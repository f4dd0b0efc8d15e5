"""Custody: whose an answer is, by ledger and board; giving it on, and letting it go.

What cannot be done now is left: a lease runs out by itself, and a reaper finds the rest.
"""

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from millstream_contract.errors import ContractError, LedgerUnavailable, LogUnavailable
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.objects import FINAL_STATUSES
from millstream_contract.work_board import Lease, WorkBoard
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

_HAND_OVER_WAIT_SECONDS: Final = 2.0
"""The longest wait for a connection to the ledger of a worker that is about to end."""


class Enqueue(Protocol):
    """Sends jobs."""

    def __call__(self, job: AnswerJob, traceparent: str | None = None) -> bool:
        """Send a job, with the trace that it belongs to; False when it could not be."""


@dataclass(frozen=True, slots=True)
class Custody:
    """Asks and tells, for the answers of one process, whose they are."""

    ledger: Ledger
    board: WorkBoard
    enqueue: Enqueue

    def is_held(self, job: AnswerJob, stop: StopSignal) -> bool:
        """Ask the ledger whether this attempt may still write, and whether it is to stop.

        Raises LedgerUnavailable.
        """
        standing = self.ledger.responses.standings([job.response_id]).get(job.response_id)
        if standing is None:
            return False
        if standing.cancel_requested:
            stop.request(StopReason.CANCELLED)
        # Its own final frame may be what Redis has lost: an end of this attempt is held, too.
        return standing.attempt == job.attempt

    def is_deleted(self, response_id: str) -> bool:
        """Ask the ledger whether the response is gone; False when it cannot say."""
        try:
            return response_id not in self.ledger.responses.standings([response_id])
        except LedgerUnavailable:
            # Then its lease runs out, and whoever finds that asks again.
            return False

    def release(self, lease: Lease) -> None:
        """Take a response off the board: it has ended, or was deleted."""
        try:
            self.board.release(lease)
        except LogUnavailable as error:
            # It is found expired, and its message finds that all is done.
            logger.debug("%s: its lease stays on the board: %s", lease.response_id, error)

    def count_as_handed_over(self, lease: Lease) -> None:
        """Have an attempt count as no loss: while it is held, before the next one can claim."""
        try:
            self.ledger.responses.hand_over(
                lease.response_id, lease.attempt, wait_seconds=_HAND_OVER_WAIT_SECONDS
            )
        except LedgerUnavailable as error:
            logger.warning("%s: its hand-over counts as a loss: %s", lease.response_id, error)

    def hand_over(self, lease: Lease, traceparent: str | None) -> None:
        """Give an attempt that has begun to another worker; nobody renews its lease any more."""
        self._pass_on(lease, traceparent)

    def hand_back(self, job: AnswerJob) -> None:
        """Give a job that was not begun here to another worker."""
        self._pass_on(Lease(job.response_id, job.attempt - 1), None)

    def nothing_to_do(self, job: AnswerJob) -> None:
        """Take a response out of line for which there is nothing to do, or nothing any more."""
        try:
            standing = self.ledger.responses.standings([job.response_id]).get(job.response_id)
            # Not begun, and refused: it waits for its turn, and is put in line when that comes.
            waits = job.attempt == 1 and standing is not None and standing.attempt == 0
            if standing is None or waits or standing.status in FINAL_STATUSES:
                self.board.release(Lease(job.response_id, job.attempt))
            else:
                self.board.leave_line(Lease(job.response_id, standing.attempt))
        except ContractError as error:
            logger.debug("%s: a reaper looks again: %s", job.response_id, error)

    def _pass_on(self, lease: Lease, traceparent: str | None) -> None:
        following = AnswerJob(lease.response_id, lease.attempt + 1)
        try:
            self.board.hand_over(lease)
        except LogUnavailable as error:
            logger.warning("%s: its lease runs out by itself: %s", lease.response_id, error)
        if self.enqueue(following, traceparent):
            logger.info("%s: handed over as attempt %d", lease.response_id, following.attempt)
