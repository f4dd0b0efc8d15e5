"""Answering one job: claim it, continue its log, run the graph, end it. Nothing hangs, or crashes.

What a job can meet, and who wins: a repeated message finds its claim taken and does nothing; a
later attempt fences this one out of the log and the ledger; everything else ends in a final state.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from millstream_contract.errors import ContractError, Fenced, LogUnavailable
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import ResponseError, ResponseObject
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.attempt import AnswerTooLong, Attempt
from millstream_worker.answering.graph import build_graph, run_graph
from millstream_worker.answering.log_writer import LogWriter
from millstream_worker.answering.logged_frames import known_frames
from millstream_worker.answering.patience import patiently
from millstream_worker.answering.recorder import Ending
from millstream_worker.answering.stopping import RunningAnswers, Stopped, StopReason, StopSignal
from millstream_worker.answering.stopwatch import Stopwatch
from millstream_worker.answering.tools import AnswerTools, Models
from millstream_worker.answering.words import INTERNAL_ERROR, SEARCH_FAILED
from millstream_worker.model_errors import ModelError
from millstream_worker.settings import AnswerSettings

logger = logging.getLogger(__name__)

_SERVER_ERROR: Final = "server_error"


class Answerer:
    """Answers jobs; one per process, used by several threads."""

    def __init__(
        self,
        ledger: Ledger,
        log: TokenLog,
        models: Models,
        running: RunningAnswers,
        settings: AnswerSettings,
        enqueue: Callable[[AnswerJob], None],
    ) -> None:
        """Work with these; ``enqueue`` hands a job to another worker."""
        self._ledger = ledger
        self._log = log
        self._models = models
        self._running = running
        self._settings = settings
        self._enqueue = enqueue
        self._graph = build_graph()

    def answer(self, job: AnswerJob) -> None:
        """Do a job; do nothing if it was begun before, or its response is final."""
        with self._running.running(job.response_id) as stop:
            try:
                row = self._claim(job, stop)
            except Stopped as stopped:
                # It was not claimed yet: the same job goes to another worker.
                self._hand_over(job, stopped)
                return
            if row is None:
                logger.info("%s attempt %d: nothing to do", job.response_id, job.attempt)
                return
            logger.info("%s attempt %d: begun", job.response_id, job.attempt)
            try:
                self._work(row, stop)
            except Fenced:
                logger.info("%s attempt %d: overtaken", job.response_id, job.attempt)
            except Stopped as stopped:
                self._hand_over(AnswerJob(job.response_id, job.attempt + 1), stopped)

    def _work(self, row: ResponseRow, stop: StopSignal) -> None:
        watch = Stopwatch(row)
        if row.cancel_requested_at is not None:
            stop.request(StopReason.CANCELLED)
        writer = self._open_writer(row, stop)
        try:
            attempt = Attempt(row, self._ledger, writer, self._settings, stop, watch)
            tools = AnswerTools(row, self._ledger, self._models, self._settings, stop)
            self._end(attempt, row, self._make(attempt, tools, row))
        finally:
            # Also on the way to a hand-over: all that was said is in the log before.
            writer.close()

    def _make(self, attempt: Attempt, tools: AnswerTools, row: ResponseRow) -> Ending:
        """Make the answer, and return how it ends. Raises Stopped when it does not end here."""
        try:
            attempt.begin()
            run_graph(self._graph, attempt, tools)
            return attempt.ending()
        except Stopped as stopped:
            if stopped.reason is StopReason.CANCELLED:
                return Ending("cancelled")
            raise
        except AnswerTooLong:
            return Ending("incomplete", incomplete_reason="max_output_tokens")
        except ModelError as error:
            logger.warning("%s attempt %d: %s", row.id, row.attempt, error)
            return Ending("failed", ResponseError(code=error.code, message=error.reason))
        except ContractError as error:
            logger.error("%s attempt %d: %s", row.id, row.attempt, error)
            return Ending("failed", ResponseError(code=_SERVER_ERROR, message=SEARCH_FAILED))
        except Exception:
            logger.exception("%s attempt %d: failed", row.id, row.attempt)
            return Ending("failed", ResponseError(code=_SERVER_ERROR, message=INTERNAL_ERROR))

    def _end(self, attempt: Attempt, row: ResponseRow, ending: Ending) -> None:
        try:
            _report(attempt.end(ending))
        except (Fenced, Stopped):
            raise
        except Exception:
            logger.exception("%s attempt %d: the end could not be stored", row.id, row.attempt)
            error = ResponseError(code=_SERVER_ERROR, message=INTERNAL_ERROR)
            attempt.end_as_failed(error)

    def _claim(self, job: AnswerJob, stop: StopSignal) -> ResponseRow | None:
        return patiently(
            lambda: self._ledger.responses.claim(job.response_id, job.attempt),
            what=f"{job.response_id}: claim",
            seconds=self._settings.ledger_patience_seconds,
            # A cancelled answer is claimed all the same: somebody has to end it.
            wait=lambda seconds: _wait_unless_handed_over(stop, seconds),
        )

    def _open_writer(self, row: ResponseRow, stop: StopSignal) -> LogWriter:
        job = AnswerJob(row.id, row.attempt)
        try:
            known, logged = patiently(
                lambda: known_frames(self._log, row, stop),
                what=f"{row.id}: opening its log",
                seconds=self._settings.log_patience_seconds,
                wait=stop.wait,
            )
        except (LogUnavailable, Stopped):
            # The ledger must get an end all the same; the writer goes on trying to reach the log.
            known, logged = opening_frames(row), 0
        return LogWriter(
            self._log,
            job,
            known,
            logged,
            still_held=lambda: self._still_held(job, stop),
            stop=stop,
            patience_seconds=self._settings.log_patience_seconds,
        )

    def _still_held(self, job: AnswerJob, stop: StopSignal) -> bool:
        row = self._ledger.responses.get(job.response_id)
        if row.cancel_requested_at is not None:
            stop.request(StopReason.CANCELLED)
        # Its own final frame may be what Redis has lost: an end of this attempt is held, too.
        return row.attempt == job.attempt

    def _hand_over(self, job: AnswerJob, stopped: Stopped) -> None:
        if stopped.reason is StopReason.FENCED:
            logger.info("%s attempt %d: overtaken", job.response_id, job.attempt - 1)
            return
        try:
            self._enqueue(job)
        except Exception:
            # Its lease runs out, and whoever finds that enqueues it.
            logger.exception("%s: could not be handed over", job.response_id)
        else:
            logger.info("%s: handed over as attempt %d", job.response_id, job.attempt)


def _wait_unless_handed_over(stop: StopSignal, seconds: float) -> None:
    time.sleep(seconds)
    if stop.reason is StopReason.HANDED_OVER:
        raise Stopped(StopReason.HANDED_OVER)


def _report(final: ResponseObject) -> None:
    timings = final.millstream.timings
    first, total = timings.first_token_ms, timings.total_ms or 0.0
    logger.info(
        "%s attempt %d: %s%s in %.2f s, first token after %s",
        final.id,
        final.millstream.attempt,
        final.status,
        f" ({final.error.code})" if final.error else "",
        total / 1000,
        "none" if first is None else f"{first / 1000:.2f} s",
    )
