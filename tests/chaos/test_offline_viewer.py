"""Replay and live are one read: a viewer that is offline again and again misses nothing."""

from collections.abc import Iterator

import pytest

from tests.chaos.offline import EVENTS, watch_offline, whole
from tests.chaos.stage import Stage, open_stage
from tests.harness.stack import UNHURRIED


@pytest.fixture
def unhurried_stage() -> Iterator[Stage]:
    """One on which neither worker nor model is taken for lost: an answer has so many events."""
    with open_stage(extra={**UNHURRIED, "MILLSTREAM_MODEL_STALL_SECONDS": "60"}) as stage:
        yield stage


def test_a_slow_viewer_offline_after_every_100_events_gets_all_400(
    unhurried_stage: Stage,
) -> None:
    seen = watch_offline(unhurried_stage, runs=10, at_once=10)

    assert [len(witness.events) for witness in seen] == [EVENTS] * 10
    assert all(map(whole, seen))
