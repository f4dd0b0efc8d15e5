"""What is known of the model by how answers end."""

import pytest

from millstream_contract.tracing import NoTracing, untraced
from millstream_worker.observing.answer_traces import AnswerTracer
from millstream_worker.observing.ended_answers import EndedAnswers
from millstream_worker.observing.metrics import WorkerMetrics
from tests.unit.worker.rows import claimed_row


@pytest.fixture
def ended() -> EndedAnswers:
    return EndedAnswers(WorkerMetrics().answers, AnswerTracer(NoTracing()))


def end(
    ended: EndedAnswers, status: str, code: str | None = None, *, model_was_asked: bool
) -> None:
    error = None if code is None else {"code": code, "message": "It failed."}
    row = claimed_row(status=status, error=error)
    ended.note(
        row,
        row.as_object(),
        untraced(),
        log_bytes=1,
        answer_tokens=None,
        model_was_asked=model_was_asked,
    )


def test_before_any_answer_nothing_is_known_of_the_model(ended: EndedAnswers) -> None:
    assert ended.model_state == "unknown"


@pytest.mark.parametrize("code", ["model_cut", "model_stalled", "rate_limit_exceeded"])
def test_a_model_that_fails_and_then_answers_is_well_again_also_when_it_counts_no_tokens(
    ended: EndedAnswers, code: str
) -> None:
    end(ended, "failed", code, model_was_asked=True)
    assert ended.model_state == "failing"

    end(ended, "completed", model_was_asked=True)
    assert ended.model_state == "ok"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("failed", "attempts_exhausted"),
        ("failed", "server_error"),
        ("completed", None),
        ("cancelled", None),
    ],
)
def test_an_end_that_the_model_has_no_part_in_tells_nothing_of_it(
    ended: EndedAnswers, status: str, code: str | None
) -> None:
    for state, before in {"failing": ("failed", "model_cut"), "ok": ("completed", None)}.items():
        end(ended, *before, model_was_asked=True)

        end(ended, status, code, model_was_asked=False)

        assert ended.model_state == state
