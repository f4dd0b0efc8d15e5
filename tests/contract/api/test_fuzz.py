"""The OpenAPI document, held against the API by generated requests, good ones and bad ones.

Some for each operation in `make test`; thousands, with every boundary, by `make fuzz`.
"""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from bench.scripted_model.script import Script
from tests.contract.api.fuzzing import CASES, WHOLE, Fuzzer, narrowed_document, operation_ids

_PHASES = {"examples": {"enabled": WHOLE}, "coverage": {"enabled": WHOLE}}
_CONFIG = schemathesis.Config.from_dict({"phases": _PHASES, "seed": 20261122})
_SCHEMA = schemathesis.openapi.from_dict(narrowed_document("scripted-chat"), config=_CONFIG)

# A handshake, which no generated request is; tests/integration/api/test_socket.py holds it.
_LEFT_OUT = {"connect"}


def _test_of(operation_id: str) -> Callable[..., None]:
    @_SCHEMA.include(operation_id=operation_id).parametrize()
    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @pytest.mark.timeout(1800 if WHOLE else 180)
    def test(case: schemathesis.Case[Any], fuzzer: Fuzzer) -> None:
        fuzzer.try_case(case)

    made: Callable[..., None] = test
    return made


# A function each: one test with many operations has one id for all, and xdist would run one.
for _name in sorted(operation_ids() - _LEFT_OUT):
    globals()[f"test_{_name}_answers_as_the_document_says"] = _test_of(_name)


def test_every_operation_has_a_test() -> None:
    tests = {name for name in globals() if name.endswith("_answers_as_the_document_says")}

    assert len(tests) == len(operation_ids() - _LEFT_OUT)
    assert operation_ids() > _LEFT_OUT


def test_the_api_answers_exactly_after_all_that(fuzzer: Fuzzer) -> None:
    script = Script(tokens=20, seed=8)

    with fuzzer.client.stream(f"What is a log? {script.directive()}") as stream:
        assert stream.to_end().text == script.text
    assert not [line for line in fuzzer.stack.apis[0].process.lines if "Traceback" in line]
