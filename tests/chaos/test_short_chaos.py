"""A short chaos run: every kind of fault once, under load; nothing may be lost, doubled or wrong.

`make chaos` is the long one. A failure is repeated by
`python -m tests.chaos --seed 20 --minutes 2`.
"""

import pytest

from tests.chaos.director import schedule
from tests.chaos.plans import Load
from tests.chaos.run import Size, calm, run
from tests.chaos.stage import Stage

_SEED = 20


@pytest.mark.timeout(400)
def test_nothing_accepted_is_lost_whatever_breaks(stage: Stage) -> None:
    load = Load(concurrent=6, tokens=(30, 90), model_fault_share=0.5, stop_share=0.15)
    size = Size(load, calm(load), calm_seconds=2, brisk=True)

    findings = run(stage, _SEED, schedule(_SEED, rounds=1), size)

    assert findings.failures() == []
    assert {one.status for one in findings.all_outcomes} == {"completed", "cancelled"}
    assert sum(one.cuts for one in findings.all_outcomes) > 0
