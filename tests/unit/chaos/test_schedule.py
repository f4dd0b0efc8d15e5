"""Which faults a run strikes, and in which order."""

from collections import Counter

from tests.chaos.director import schedule
from tests.chaos.faults import FAULTS, LONG_FAULTS

SERVERS_THAT_REFUSE = {
    "postgres: read-only",
    "redis: read-only (READONLY)",
    "redis: full memory (OOM)",
    "redis: snapshots fail (MISCONF)",
    "redis: a script without end (BUSY)",
}


def test_every_kind_is_struck_once_in_each_round() -> None:
    order = schedule(1, rounds=3)

    rounds = [order[start : start + len(FAULTS)] for start in range(0, len(order), len(FAULTS))]
    assert [Counter(kind.name for kind in one) for one in rounds] == [
        Counter(kind.name for kind in FAULTS)
    ] * 3


def test_servers_that_answer_and_refuse_are_rows_of_their_own() -> None:
    assert {kind.name for kind in schedule(1, rounds=1)} >= SERVERS_THAT_REFUSE


def test_a_seed_gives_the_same_order_again_and_another_one_another() -> None:
    assert schedule(7, rounds=2) == schedule(7, rounds=2)
    assert schedule(7, rounds=2) != schedule(8, rounds=2)


def test_each_kind_has_a_row_of_its_own() -> None:
    names = [kind.name for kind in (*FAULTS, *LONG_FAULTS)]

    assert len(set(names)) == len(names)


def test_each_fault_lasts_as_long_as_it_says() -> None:
    for kind in (*FAULTS, *LONG_FAULTS):
        least, most = kind.lasts
        assert 0 <= least <= most
