"""Answers and their feedback in MLflow: a real tracking store, in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import OutputMessage, OutputText, ResponseObject, Timings
from millstream_worker.observing.feedback import feedback_passer
from millstream_worker.observing.mlflow_traces import MlflowTraces, mlflow_is_on
from tests.harness.deadlines import eventually

# MLflow and what it brings warn when they are imported, and when they make their tables.
pytestmark = pytest.mark.filterwarnings("ignore")

_OWNER = "user:ada"
_TIMINGS = Timings(
    queue_ms=5, retrieve_ms=10, grade_ms=2, model_first_token_ms=50, first_token_ms=80, total_ms=900
)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_pool(database_url, size=2) as pool:
        yield Ledger.of(pool)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    # MLflow sets it by itself; so it is taken back after the test.
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "millstream")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    # Makes the store's tables, as whoever runs a server has done long before.
    mlflow.set_experiment("millstream")


def _answered(ledger: Ledger) -> tuple[ResponseRow, ResponseObject]:
    new = NewResponse(owner=_OWNER, question="What is a log?", model="scripted-chat")
    accepted = ledger.responses.accept(new).row
    row = ledger.responses.claim(accepted.id, 1)
    assert row is not None
    message = OutputMessage(id="msg_1", status="completed", content=(OutputText(text="A stream."),))
    done = row.model_copy(update={"status": "completed", "timings": _TIMINGS})
    final = done.as_object((message,)).model_copy(update={"completed_at": 2e9})
    assert ledger.responses.finish(final, 1, b"")
    return row, final


def _ratings(trace_id: str) -> list[tuple[object, str | None, str]]:
    import mlflow

    trace = mlflow.get_trace(trace_id)
    return [(one.value, one.rationale, one.source.source_id) for one in trace.info.assessments]


@pytest.mark.usefixtures("on")
def test_an_answer_is_kept_and_what_its_owner_thinks_of_it_follows(ledger: Ledger) -> None:
    # Given an answer that has ended, and MLflow
    row, final = _answered(ledger)
    traces = MlflowTraces(ledger.responses.keep_mlflow_trace)

    # When it is sent
    traces.ended(row, final)
    trace_id = eventually(
        "the trace to be kept", lambda: ledger.responses.get(row.id).mlflow_trace_id, 30
    )
    traces.close()

    # Then MLflow has question, answer and times, and the ledger where they are
    import mlflow

    trace = eventually("the trace to be stored", lambda: mlflow.get_trace(trace_id), 30)
    assert trace.info.tags["millstream.response_id"] == row.id
    spans = {span.name: span for span in trace.data.spans}
    assert set(spans) == {"answer", "generate"}
    assert spans["answer"].inputs == {"question": "What is a log?"}
    assert spans["answer"].outputs == {"answer": "A stream."}
    assert (spans["answer"].end_time_ns - spans["answer"].start_time_ns) == 900_000_000

    # And its owner's opinion follows, its change, and its end, however often the job comes
    pass_on = feedback_passer(ledger)
    ledger.feedback.give(row.id, _OWNER, "up", "Short.")
    pass_on(row.id)
    pass_on(row.id)
    assert _ratings(trace_id) == [(True, "Short.", _OWNER)]
    ledger.feedback.give(row.id, _OWNER, "down", None)
    pass_on(row.id)
    assert _ratings(trace_id) == [(False, None, _OWNER)]
    ledger.feedback.withdraw(row.id, _OWNER)
    pass_on(row.id)
    assert _ratings(trace_id) == []


def test_without_mlflows_variables_feedback_stays_in_the_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TRACKING_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID"):
        monkeypatch.delenv(f"MLFLOW_{name}", raising=False)
    row, _ = _answered(ledger)
    ledger.responses.keep_mlflow_trace(row.id, "tr-nowhere")
    ledger.feedback.give(row.id, _OWNER, "up", None)

    feedback_passer(ledger)(row.id)

    assert not mlflow_is_on()


def test_a_store_that_is_away_costs_the_trace_and_nothing_else(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Below what is no directory: nobody can make one there.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////dev/null/mlflow.db")
    row, final = _answered(ledger)
    traces = MlflowTraces(ledger.responses.keep_mlflow_trace)

    traces.ended(row, final)
    traces.close()

    assert ledger.responses.get(row.id).status == "completed"
