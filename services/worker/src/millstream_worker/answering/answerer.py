"""Answering one job: claim it, continue its log, make its answer, end it.

Nothing hangs, or crashes. What a job can meet, and who wins: a repeated message finds its claim
taken and does nothing; a later attempt fences this one out of the log and the ledger; everything
else ends in a final state.
"""

import logging
import time
from concurrent.futures import Executor

from millstream_contract.errors import Fenced, LedgerUnavailable, LogUnavailable
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.moving_up import MovingUp
from millstream_contract.objects import ResponseError, ResponseObject
from millstream_contract.token_log import TokenLog
from millstream_contract.tracing import AnswerTrace
from millstream_contract.work_board import Capacity, Lease, WorkBoard
from millstream_worker.answering.attempt import Attempt
from millstream_worker.answering.attempt_log import AttemptLog
from millstream_worker.answering.custody import Custody, Enqueue
from millstream_worker.answering.graph import build_graph
from millstream_worker.answering.heartbeat import Heartbeat
from millstream_worker.answering.making import SERVER_ERROR, Making
from millstream_worker.answering.patience import patiently
from millstream_worker.answering.recorder import Ending
from millstream_worker.answering.stopping import RunningAnswers, Stopped, StopReason, StopSignal
from millstream_worker.answering.stopwatch import Stopwatch
from millstream_worker.answering.tools import AnswerTools, Models
from millstream_worker.answering.words import INTERNAL_ERROR
from millstream_worker.observing.answer_traces import AnswerTracer
from millstream_worker.observing.ended_answers import EndedAnswers
from millstream_worker.observing.metrics import AnswerMetrics
from millstream_worker.settings import AnswerSettings

logger = logging.getLogger(__name__)


class Answerer:
    """Answers jobs; one per process, used by several threads."""

    def __init__(
        self,
        ledger: Ledger,
        log: TokenLog,
        board: WorkBoard,
        models: Models,
        running: RunningAnswers,
        heartbeat: Heartbeat,
        settings: AnswerSettings,
        background: Executor,
        enqueue: Enqueue,
        metrics: AnswerMetrics,
        capacity: Capacity,
        tracer: AnswerTracer,
    ) -> None:
        """Work with these; ``enqueue`` hands a job to another worker, False when it cannot."""
        self._ledger = ledger
        self._log = log
        self._custody = Custody(ledger, board, enqueue)
        self._models = models
        self._running = running
        self._heartbeat = heartbeat
        self._settings = settings
        self._background = background
        self._metrics = metrics
        self._capacity = capacity
        self._moving_up = MovingUp(ledger, board, enqueue)
        self._tracer = tracer
        self._making = Making(build_graph(), settings.max_attempts)
        self._ended = EndedAnswers(metrics, tracer)

    @property
    def model_state(self) -> str:
        """How the last request to the model ended: "ok", "failing", or "unknown"."""
        return self._ended.model_state

    def answer(self, job: AnswerJob) -> None:
        """Do a job; do nothing if it was begun before, or its response is final."""
        with self._running.running(job.response_id) as stop:
            try:
                self._heartbeat.admit(stop)
                row = self._claim(job, stop)
            except Stopped:
                # It was not claimed yet: the same job goes to another worker.
                self._metrics.handed_over.inc()
                self._custody.hand_back(job)
                return
            if row is None:
                logger.info("%s attempt %d: nothing to do", job.response_id, job.attempt)
                self._custody.nothing_to_do(job)
                return
            logger.info("%s attempt %d: begun", job.response_id, job.attempt)
            self._metrics.claimed(row.attempt)
            with self._tracer.attempt(row) as trace:
                self._hold(row, stop, trace)

    def _hold(self, row: ResponseRow, stop: StopSignal, trace: AnswerTrace) -> None:
        """Answer while the lease lives, then let it go."""
        begun = time.monotonic()
        lease = Lease(row.id, row.attempt)
        try:
            self._work_while_held(row, lease, stop, trace)
        except Fenced:
            self._lost(lease, trace, wrote=True)
        except Stopped as stopped:
            if stopped.reason is StopReason.FENCED:
                self._lost(lease, trace, wrote=False)
            else:
                trace.whole.note(millstream__status="handed over")
                self._metrics.handed_over.inc()
                self._custody.hand_over(lease, row.traceparent)
        else:
            self._custody.release(lease)
            self._moving_up.behind_the_end_in(row.conversation_id)
            self._note_service(time.monotonic() - begun)

    def _work_while_held(
        self, row: ResponseRow, lease: Lease, stop: StopSignal, trace: AnswerTrace
    ) -> None:
        # It ends before the lease is given up: a heartbeat in between would take that anew.
        with self._heartbeat.holding(lease, stop):
            try:
                self._work(row, lease, stop, trace)
            except Stopped as stopped:
                if stopped.reason is not StopReason.FENCED:
                    self._custody.count_as_handed_over(lease)
                raise

    def _lost(self, lease: Lease, trace: AnswerTrace, *, wrote: bool) -> None:
        """Leave an answer that this attempt does not hold any more; ``wrote``: it tried to."""
        if self._custody.is_deleted(lease.response_id):
            trace.whole.note(millstream__status="deleted")
            self._custody.release(lease)
            logger.info("%s attempt %d: deleted", lease.response_id, lease.attempt)
            return
        trace.whole.note(millstream__status="overtaken")
        self._metrics.overtaken.inc()
        if wrote:
            self._metrics.fenced_writes.inc()
        logger.info("%s attempt %d: overtaken", lease.response_id, lease.attempt)

    def _work(self, row: ResponseRow, lease: Lease, stop: StopSignal, trace: AnswerTrace) -> None:
        watch = Stopwatch(row, trace)
        if row.cancel_requested_at is not None:
            stop.request(StopReason.CANCELLED)
        log = AttemptLog(self._log, self._custody, self._settings, row, stop)
        earlier = log.earlier()
        writer = log.writer(earlier)
        try:
            self._heartbeat.watch_log(lease, writer.check)
            self._running.watch_log(row.id, stop, writer.check)
            tools = AnswerTools(row, self._ledger, self._models, self._settings, stop)
            attempt = Attempt(
                row,
                self._ledger,
                writer,
                earlier,
                self._settings,
                stop,
                watch,
                self._background.submit,
                tools.opinions,
            )
            self._end(attempt, row, self._making.make(attempt, tools, row, stop), trace)
        except Fenced:
            stop.request(StopReason.FENCED)
            raise
        finally:
            if stop.reason is StopReason.FENCED:
                writer.abandon()
            else:
                # Also on the way to a hand-over: all that was said is in the log before.
                writer.close()

    def _end(self, attempt: Attempt, row: ResponseRow, ending: Ending, trace: AnswerTrace) -> None:
        """Store and tell the end, then note it. Raises Fenced, LedgerUnavailable."""
        final = self._stored(attempt, row, ending, trace)
        self._ended.note(
            row,
            final,
            trace,
            log_bytes=attempt.stream_bytes,
            answer_tokens=attempt.answer_tokens,
            model_was_asked=attempt.model_was_asked,
        )

    def _stored(
        self, attempt: Attempt, row: ResponseRow, ending: Ending, trace: AnswerTrace
    ) -> ResponseObject:
        name = (row.id, row.attempt)
        try:
            with trace.span("store"):
                return attempt.end(ending)
        except (Fenced, Stopped):
            raise
        except LedgerUnavailable:
            # The log holds the whole answer: whoever finds the lease expired stores it from there.
            logger.error("%s attempt %d: the end is not stored; the next attempt does it", *name)
            raise
        except Exception:
            logger.exception("%s attempt %d: the end could not be stored", *name)
            error = ResponseError(code=SERVER_ERROR, message=INTERNAL_ERROR)
            return attempt.end_as_failed(error)

    def _claim(self, job: AnswerJob, stop: StopSignal) -> ResponseRow | None:
        return patiently(
            lambda: self._ledger.responses.claim(job.response_id, job.attempt),
            what=f"{job.response_id}: claim",
            seconds=self._settings.ledger_patience_seconds,
            # A cancelled answer is claimed all the same: somebody has to end it.
            wait=lambda seconds: stop.wait(seconds, reasons=[StopReason.HANDED_OVER]),
        )

    def _note_service(self, seconds: float) -> None:
        try:
            self._capacity.served(seconds)
        except LogUnavailable as error:
            logger.debug("a measured time is not counted: %s", error)
