"""A failure shows as an increase, the first of its kind too."""

import ast
from pathlib import Path

from millstream_worker import model_errors
from millstream_worker.observing.metrics import WorkerMetrics

# Read and not imported: the model's client would come with it.
_MAKING = Path(model_errors.__file__).parent / "answering/making.py"


def _codes_of_the_source() -> set[str]:
    """Each code that an error class has, or with which an answer ends as failed."""
    classes = vars(model_errors).values()
    codes = {kind.code for kind in classes if isinstance(kind, type) and hasattr(kind, "code")}
    tree = ast.parse(_MAKING.read_text("utf-8"))
    codes |= {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "_failed"
        and isinstance(call.args[0], ast.Constant)
    }
    return codes


def test_every_code_of_a_failure_is_exported_as_0_before_it_happens() -> None:
    # Given a worker that has just started
    registry = WorkerMetrics().registry

    # Then rate() sees the first failure as a step from 0, not as a series that begins at 1
    codes = _codes_of_the_source()
    assert codes >= {"server_error", "model_stalled", "attempts_exhausted"}
    assert {
        code: registry.get_sample_value("millstream_responses_failed_total", {"code": code})
        for code in codes
    } == dict.fromkeys(codes, 0.0)
