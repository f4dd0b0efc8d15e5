"""Accepting a question: ledger first, then log, then queue."""

import logging
from dataclasses import dataclass

from millstream_api.cancelling import Canceller
from millstream_api.observing.metrics import ApiMetrics
from millstream_api.queueing import JobQueue
from millstream_contract.errors import ContractError, Fenced, LogUnavailable
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import NewResponse, ResponseRow
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog
from millstream_contract.work_board import WorkBoard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acceptor:
    """Takes questions in."""

    ledger: Ledger
    log: TokenLog
    board: WorkBoard
    queue: JobQueue
    canceller: Canceller
    metrics: ApiMetrics

    def accept(self, new: NewResponse) -> ResponseRow:
        """Accept a question and enqueue it; a repeat of it (idempotency key) changes nothing.

        Once the ledger has it, it is accepted: when Redis is away, a reaper finds it in the ledger
        and enqueues it when Redis is back. A response that it replaces is told to stop. Raises what
        Responses.accept raises.
        """
        row, is_new = self.ledger.responses.accept(new)
        if is_new:
            self.metrics.accepted.inc()
            self._enqueue(row)
            self._stop_replaced(row)
        return row

    def _stop_replaced(self, row: ResponseRow) -> None:
        if row.replaces is None:
            return
        try:
            self.canceller.ask(row.replaces, row.owner)
        except ContractError as error:
            # The wish for it is in the ledger; and nobody sees it any more.
            logger.warning("%s: may still be answered: %s", row.replaces, error)

    def _enqueue(self, row: ResponseRow) -> None:
        try:
            self.log.append(row.id, 0, opening_frames(row))
            self.board.put_in_line(row.id)
        except (LogUnavailable, Fenced) as error:
            # The worker writes the opening frames when it finds a log without them.
            logger.warning("%s: accepted, to be enqueued later: %s", row.id, error)
            self.metrics.enqueue_failures.inc()
        else:
            if not self.queue.send(AnswerJob(row.id, attempt=1)):
                self.metrics.enqueue_failures.inc()
