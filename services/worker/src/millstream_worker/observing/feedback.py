"""The task ``millstream.feedback``: what the owner of an answer thinks of it goes to MLflow.

The ledger has the truth; the task brings MLflow to what it says, however often it comes.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from millstream_contract.errors import NotFound
from millstream_contract.ledger import Ledger
from millstream_contract.objects import Feedback
from millstream_worker.observing.mlflow_traces import mlflow_is_on

logger = logging.getLogger(__name__)

_NAME: Final = "rating"


def feedback_passer(ledger: Ledger) -> Callable[[str], None]:
    """Return the task: it takes a response's id, and does nothing where MLflow is off."""

    def pass_on(response_id: str, *_: Any) -> None:
        if not mlflow_is_on():
            return
        try:
            row = ledger.responses.get(response_id)
        except NotFound:
            return
        if row.mlflow_trace_id is None:
            logger.info("%s: MLflow has no trace of it; its feedback stays here", response_id)
            return
        _bring_up_to_date(row.mlflow_trace_id, row.owner, ledger.feedback.of(response_id))
        logger.info("%s: MLflow has its feedback", response_id)

    return pass_on


def _bring_up_to_date(trace_id: str, owner: str, feedback: Feedback | None) -> None:
    import mlflow
    from mlflow.entities import AssessmentSource, AssessmentSourceType

    trace = mlflow.get_trace(trace_id, silent=True)
    for earlier in trace.info.assessments if trace else ():
        if earlier.name == _NAME and earlier.source.source_id == owner:
            mlflow.delete_assessment(trace_id=trace_id, assessment_id=earlier.assessment_id)
    if feedback is not None:
        mlflow.log_feedback(
            trace_id=trace_id,
            name=_NAME,
            value=feedback.rating == "up",
            rationale=feedback.comment,
            source=AssessmentSource(AssessmentSourceType.HUMAN, owner),
        )
