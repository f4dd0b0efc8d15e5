"""Answers as traces in MLflow: what was asked, found and said, for whoever judges answers.

Unlike logs and spans these carry texts: that is what they are for. Off unless MLflow's own
variables name where they go. They are made and sent when an answer has ended, on a thread of its
own: nothing of an answer waits for MLflow, and a trace that cannot be kept is dropped.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Full, Queue
from typing import Any, Final

from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import FileSearchCall, OutputMessage, ResponseObject, Timings

logger = logging.getLogger(__name__)

_VARIABLES: Final = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID")
_MOST_WAITING: Final = 200
_CLOSE_SECONDS: Final = 5.0
_NANOSECONDS_PER_MS: Final = 1_000_000

Keep = Callable[[str, str], None]
"""Stores a response's id with that of its trace."""


def mlflow_is_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether MLflow's variables say where traces go."""
    return any(environment.get(name) for name in _VARIABLES)


class MlflowTraces:
    """Sends answers to MLflow; one per process."""

    def __init__(self, keep: Keep) -> None:
        """Have ``keep`` store the id of each trace; MLflow is connected to with the first one."""
        self._keep = keep
        self._waiting: Queue[tuple[ResponseRow, ResponseObject] | None] = Queue(_MOST_WAITING)
        self._mlflow: Any = None
        # A daemon: a store that hangs must not hold up the end of the process.
        self._thread = threading.Thread(target=self._run, name="mlflow", daemon=True)
        self._thread.start()

    def ended(self, row: ResponseRow, final: ResponseObject) -> None:
        """Have an answer that is final sent. Returns at once."""
        try:
            self._waiting.put_nowait((row, final))
        except Full:
            logger.warning("%s: MLflow is too slow; its trace is dropped", final.id)

    def close(self) -> None:
        """Send what waits, for some seconds at most."""
        with suppress(Full):
            self._waiting.put_nowait(None)
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while (ended := self._waiting.get()) is not None:
            self._send(*ended)
        if self._mlflow is not None:
            self._mlflow.flush_trace_async_logging()

    def _send(self, row: ResponseRow, final: ResponseObject) -> None:
        try:
            trace_id = _logged(self._connected(), row, final)
            self._keep(final.id, trace_id)
        except Exception as error:  # noqa: BLE001  (anything; its words may quote the answer)
            logger.warning("%s: not kept by MLflow: %s", final.id, type(error).__name__)

    def _connected(self) -> Any:
        if self._mlflow is None:
            import mlflow

            if name := os.environ.get("MLFLOW_EXPERIMENT_NAME"):
                mlflow.set_experiment(name)
            self._mlflow = mlflow
        return self._mlflow


def _logged(mlflow: Any, row: ResponseRow, final: ResponseObject) -> str:
    begun = int(row.created_at.timestamp() * 1000) * _NANOSECONDS_PER_MS
    timings = final.millstream.timings
    whole = mlflow.start_span_no_context(
        "answer",
        span_type="CHAIN",
        inputs={"question": row.question},
        attributes={"millstream.attempt": str(final.millstream.attempt)},
        tags={"millstream.response_id": final.id, "millstream.status": final.status},
        start_time_ns=begun,
    )
    if final.usage is not None:
        usage = final.usage
        counts = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        }
        whole.set_attribute("mlflow.chat.tokenUsage", counts)
    _add_search(mlflow, whole, final, begun, timings)
    _add_generation(mlflow, whole, final, begun, timings)
    total = int(timings.total_ms or 0) * _NANOSECONDS_PER_MS
    status = "ERROR" if final.status == "failed" else "OK"
    whole.end(outputs={"answer": _text(final)}, status=status, end_time_ns=begun + total)
    trace_id: str = whole.trace_id
    return trace_id


def _add_search(
    mlflow: Any, whole: Any, final: ResponseObject, begun: int, timings: Timings
) -> None:
    search = next((item for item in final.output if isinstance(item, FileSearchCall)), None)
    if search is None:
        return
    start = begun + int(timings.queue_ms or 0) * _NANOSECONDS_PER_MS
    span = mlflow.start_span_no_context(
        "retrieve",
        span_type="RETRIEVER",
        parent_span=whole,
        inputs={"queries": list(search.queries)},
        start_time_ns=start,
    )
    # The shape that MLflow's judges of retrieval read.
    found = [
        {
            "page_content": result.text,
            "metadata": {"doc_uri": result.filename},
            "id": result.file_id,
        }
        for result in search.results or ()
    ]
    seconds = (timings.retrieve_ms or 0) + (timings.grade_ms or 0) + (timings.rewrite_ms or 0)
    span.end(outputs=found, end_time_ns=start + int(seconds * _NANOSECONDS_PER_MS))


def _add_generation(
    mlflow: Any, whole: Any, final: ResponseObject, begun: int, timings: Timings
) -> None:
    if timings.model_first_token_ms is None or timings.first_token_ms is None:
        return
    start = begun + int((timings.first_token_ms - timings.model_first_token_ms) * 1e6)
    span = mlflow.start_span_no_context(
        "generate",
        span_type="CHAT_MODEL",
        parent_span=whole,
        inputs={"model": final.model},
        start_time_ns=start,
    )
    span.end(
        outputs={"answer": _text(final)},
        end_time_ns=begun + int((timings.total_ms or 0) * _NANOSECONDS_PER_MS),
    )


def _text(final: ResponseObject) -> str:
    messages = (item for item in final.output if isinstance(item, OutputMessage))
    return "".join(part.text for message in messages for part in message.content)
