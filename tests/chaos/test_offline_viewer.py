"""Replay and live are one read: a viewer that is offline again and again misses nothing."""

from tests.chaos.offline import EVENTS, watch_offline, whole
from tests.chaos.stage import Stage


def test_a_slow_viewer_offline_after_every_100_events_gets_all_400(stage: Stage) -> None:
    seen = watch_offline(stage, runs=10, at_once=10)

    assert [len(witness.events) for witness in seen] == [EVENTS] * 10
    assert all(map(whole, seen))
