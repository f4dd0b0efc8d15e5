"""The spans of an attempt: one trace an answer, whoever works on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.log_lines import lines_about
from millstream_contract.objects import ResponseObject
from millstream_contract.tracing import AnswerTrace, Tracing
from millstream_worker.observing.mlflow_traces import MlflowTraces


@dataclass(frozen=True, slots=True)
class AnswerTracer:
    """Begins and ends the spans of attempts."""

    tracing: Tracing
    mlflow: MlflowTraces | None = None

    @contextmanager
    def attempt(self, row: ResponseRow) -> Iterator[AnswerTrace]:
        """Within the block, the attempt that ``row`` is claimed by goes on.

        Its parent is what the ledger keeps: the message of a later attempt may come from a reaper,
        which knows of no trace.
        """
        attributes: dict[str, str | int] = {
            "millstream.response_id": row.id,
            "millstream.attempt": row.attempt,
            "gen_ai.request.model": row.model,
        }
        if row.attempt == 1:
            accepted = row.created_at.timestamp()
            with self.tracing.span("queue", parent=row.traceparent, begun_at=accepted):
                pass
        with (
            lines_about(response_id=row.id, attempt=row.attempt),
            self.tracing.span(
                "answer", parent=row.traceparent, kind="consumer", attributes=attributes
            ) as whole,
        ):
            yield AnswerTrace(self.tracing, whole)

    def ended(self, trace: AnswerTrace, row: ResponseRow, final: ResponseObject) -> None:
        """Note how the response ended."""
        if self.mlflow is not None:
            self.mlflow.ended(row, final)
        trace.whole.note(millstream__status=final.status)
        if final.usage is not None:
            trace.whole.note(
                gen_ai__usage__input_tokens=final.usage.input_tokens,
                gen_ai__usage__output_tokens=final.usage.output_tokens,
            )
        if final.error is not None:
            trace.whole.fail(final.error.code)
