"""What a process notes of each answer that has ended: a line, figures, its trace, and the model."""

import logging
from typing import Final

from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import ResponseObject
from millstream_contract.tracing import AnswerTrace
from millstream_worker.model_errors import (
    ModelBusy,
    ModelCut,
    ModelRefused,
    ModelStalled,
    ModelUnavailable,
)
from millstream_worker.observing.answer_traces import AnswerTracer
from millstream_worker.observing.metrics import AnswerMetrics

logger = logging.getLogger(__name__)

_MODEL_FAILURES: Final = frozenset(
    kind.code for kind in (ModelRefused, ModelUnavailable, ModelBusy, ModelStalled, ModelCut)
)
"""Codes of failures that tell something of the model."""


class EndedAnswers:
    """Notes them; one per process."""

    def __init__(self, metrics: AnswerMetrics, tracer: AnswerTracer) -> None:
        """Count in ``metrics``, and end spans by ``tracer``."""
        self._metrics = metrics
        self._tracer = tracer
        self.model_state = "unknown"
        """How the last request to the model ended: "ok", or "failing"."""

    def note(
        self,
        row: ResponseRow,
        final: ResponseObject,
        trace: AnswerTrace,
        *,
        log_bytes: int,
        answer_tokens: int | None,
        model_was_asked: bool,
    ) -> None:
        """Note that ``final``, which the attempt of ``row`` has made, is stored and told.

        log_bytes: of its whole stream. answer_tokens: of the answer itself; None when the model
        counted none. model_was_asked: by this attempt.
        """
        _report(final)
        self._metrics.ended(final, log_bytes, answer_tokens)
        self._tracer.ended(trace, row, final)
        if final.status in ("completed", "incomplete") and model_was_asked:
            self.model_state = "ok"
        elif final.error is not None and final.error.code in _MODEL_FAILURES:
            self.model_state = "failing"


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
