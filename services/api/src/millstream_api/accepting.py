"""Accepting a question: ledger first, then log, line and queue, in one trip to Redis."""

import logging
from dataclasses import dataclass, replace

from redis import Redis, RedisError

from millstream_api.admission import Admission, Place, too_far_behind
from millstream_api.cancelling import Canceller
from millstream_api.errors import ApiError
from millstream_api.observing.metrics import ApiMetrics
from millstream_api.observing.traces import accepting
from millstream_api.queueing import JobQueue
from millstream_api.turnstile import Turnstile
from millstream_contract.errors import ContractError, TooFarBehind
from millstream_contract.frames import Frame
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.new_entries import NewResponse, WhenBusy
from millstream_contract.ledger.rows import Accepted, ResponseRow
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog
from millstream_contract.tracing import Tracing
from millstream_contract.work_board import Waiting, WorkBoard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acceptor:
    """Takes questions in.

    when_busy: what to do in a busy conversation, unless a question says so itself.
    most_open: how many unfinished answers one owner may have; None: any number.
    """

    ledger: Ledger
    redis: Redis
    log: TokenLog
    board: WorkBoard
    queue: JobQueue
    canceller: Canceller
    metrics: ApiMetrics
    when_busy: WhenBusy
    admission: Admission
    most_open: int | None
    tracing: Tracing
    turnstile: Turnstile

    def accept(self, new: NewResponse) -> Accepted:
        """Accept a question and enqueue it; a repeat of it (idempotency key) changes nothing.

        Once the ledger has it, it is accepted: when Redis is away, a reaper finds it in the ledger
        and enqueues it when Redis is back. Responses that it replaces or interrupts are told to
        stop; while one of its conversation is unfinished, it is not enqueued: whoever ends that one
        does. Raises what Responses.accept raises, and ApiError (429) when too many wait, in line or
        before it in its conversation; a repeat is answered also then. Raises ApiError (503) when
        more come at once than can be let in.
        """
        with self.turnstile.passing():
            return self._admit(new)

    def _admit(self, new: NewResponse) -> Accepted:
        try:
            with self.admission.admitted() as place:
                return self._accept(new, place)
        except ApiError as full:
            if earlier := self.ledger.responses.earlier(new):
                return Accepted(earlier, is_new=False)
            raise full

    def _accept(self, new: NewResponse, place: Place) -> Accepted:
        with accepting(self.tracing) as span:
            traced = replace(new, traceparent=span.traceparent) if span.traceparent else new
            accepted = self._store(traced, place)
            span.note(millstream__response_id=accepted.row.id)
            span.note(millstream__repeat=not accepted.is_new)
            if accepted.is_new:
                self._begin(accepted, place)
        return accepted

    def _store(self, new: NewResponse, place: Place) -> Accepted:
        try:
            return self.ledger.responses.accept(
                new,
                when_busy=self.when_busy,
                most_open=self.most_open,
                most_ahead=place.most_ahead,
            )
        except TooFarBehind as error:
            raise too_far_behind(int(error.args[0]), place) from None

    def _begin(self, accepted: Accepted, place: Place) -> None:
        self.metrics.accepted.inc()
        row = accepted.row
        if accepted.ahead:
            self._let_wait(row, place)
        else:
            self._enqueue(row, place)
        for response_id in accepted.told_to_stop:
            self._stop(response_id, row.owner)

    def _stop(self, response_id: str, owner: str) -> None:
        try:
            self.canceller.ask(response_id, owner)
        except ContractError as error:
            # The wish for it is in the ledger, and what comes behind waits for its end.
            logger.warning("%s: may be answered to its end: %s", response_id, error)

    def _let_wait(self, row: ResponseRow, place: Place) -> None:
        waiting = Waiting(row.id, row.turn, str(row.conversation_id))
        frames = opening_frames(row)
        try:
            with self.redis.pipeline(transaction=False) as calls:
                self.log.append_in(calls, row.id, 0, frames)
                self.board.wait_for_turn_in(calls, waiting)
                place.arrive_in(calls)
                calls.execute()
        except RedisError as error:
            # The worker writes the opening frames when it finds a log without them, and a reaper
            # finds in the ledger who waits.
            logger.warning("%s: its log is not open yet: %s", row.id, error)

    def _enqueue(self, row: ResponseRow, place: Place) -> None:
        frames = opening_frames(row)
        try:
            self._send(row, frames, place)
        except RedisError as error:
            # The worker writes the opening frames when it finds a log without them.
            logger.warning("%s: accepted, to be enqueued later: %s", row.id, error)
            self.metrics.enqueue_failures.inc()

    def _send(self, row: ResponseRow, frames: list[Frame], place: Place) -> None:
        # Redis does the calls in this order: whoever gets the message finds log and line.
        with self.redis.pipeline(transaction=False) as calls:
            self.log.append_in(calls, row.id, 0, frames)
            self.board.put_in_line_in(calls, row.id)
            place.arrive_in(calls)
            if not self.queue.send_in(calls, AnswerJob(row.id, attempt=1), row.traceparent):
                self.metrics.enqueue_failures.inc()
            calls.execute()
