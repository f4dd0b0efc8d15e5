"""Where the time of an answer goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Timings
from millstream_contract.tracing import AnswerTrace, Span, untraced

Stage = Literal["retrieve", "grade", "rewrite"]


class Stopwatch:
    """Measures from the moment the question was accepted, which PostgreSQL's clock noted.

    From the claim on, it trusts its own monotonic clock, so that a first attempt's figures need no
    agreement between the clocks of two machines.
    """

    def __init__(
        self,
        row: ResponseRow,
        trace: AnswerTrace | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Start: the attempt has just been claimed."""
        self._clock = clock
        self._trace = trace or untraced()
        self._begun = clock()
        self._accepted = row.created_at.timestamp()
        started = row.started_at.timestamp() if row.started_at else self._accepted
        self._waited = started - self._accepted
        # A later attempt began some time after the first one, whose start the row tells.
        self._before = self._waited if row.attempt <= 1 else wall_clock() - self._accepted
        self._stages: dict[Stage, float] = {}
        self._asked: float | None = None
        self._model_first_token: float | None = None
        self._first_text: float | None = None
        self._request: Span | None = None

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Measure a stage; several rounds add up."""
        begun = self._clock()
        try:
            with self._trace.span(stage):
                yield
        finally:
            self._stages[stage] = self._stages.get(stage, 0.0) + self._clock() - begun

    @contextmanager
    def generating(self) -> Iterator[None]:
        """Within the block, the answer is generated, in one request to the model or several."""
        with self._trace.span("generate"):
            yield

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Within the block, one request to the model is under way."""
        with self._trace.span("model", "client") as span:
            self._request = span
            yield

    def model_asked(self) -> None:
        """The request to the model goes out."""
        self._asked = self._clock()

    def model_spoke(self) -> None:
        """A token came from the model."""
        if self._model_first_token is None and self._asked is not None:
            self._model_first_token = self._clock() - self._asked
            if self._request is not None:
                self._request.event("first token")

    def text_began(self) -> None:
        """The reader gets text."""
        if self._first_text is None:
            self._first_text = self.since_accepted()

    def since_accepted(self) -> float:
        """Return seconds since the question was accepted."""
        return self._before + self._clock() - self._begun

    def accepted_at(self) -> float:
        """Return when the question was accepted, in seconds since 1970."""
        return self._accepted

    def timings(self) -> Timings:
        """Return what was measured, the end being now."""
        return Timings(
            queue_ms=_ms(self._waited),
            retrieve_ms=_ms(self._stages.get("retrieve")),
            grade_ms=_ms(self._stages.get("grade")),
            rewrite_ms=_ms(self._stages.get("rewrite")),
            model_first_token_ms=_ms(self._model_first_token),
            first_token_ms=_ms(self._first_text),
            total_ms=_ms(self.since_accepted()),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(max(0.0, seconds) * 1000, 3)
