"""Trying again while something is away."""

from threading import Event

import pytest

from millstream_worker.ingesting.patience import with_patience


class Away(Exception):
    pass


class Refused(Exception):
    pass


def is_away(error: Exception) -> bool:
    return isinstance(error, Away)


def raising(*errors: Exception) -> list[Exception]:
    return list(errors)


def attempt(left: list[Exception]) -> str:
    if left:
        raise left.pop(0)
    return "done"


def test_what_comes_back_in_time_is_not_noticed() -> None:
    left = raising(Away(), Away())

    result = with_patience(
        lambda: attempt(left), patience_seconds=60, away=is_away, stopping=Event()
    )

    assert result == "done"


def test_patience_has_an_end() -> None:
    left = raising(*(Away() for _ in range(100)))

    with pytest.raises(Away):
        with_patience(lambda: attempt(left), patience_seconds=0.3, away=is_away, stopping=Event())
    assert 0 < len(left) < 100


def test_a_refusal_is_not_tried_again() -> None:
    left = raising(Refused(), Refused())

    with pytest.raises(Refused):
        with_patience(lambda: attempt(left), patience_seconds=60, away=is_away, stopping=Event())
    assert len(left) == 1


def test_a_process_that_is_to_end_waits_no_longer() -> None:
    left = raising(*(Away() for _ in range(100)))
    stopping = Event()
    stopping.set()

    with pytest.raises(Away):
        with_patience(lambda: attempt(left), patience_seconds=3600, away=is_away, stopping=stopping)
    assert len(left) == 99
