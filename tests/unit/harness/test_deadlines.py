import time

import pytest

from tests.harness.deadlines import FACTOR_VARIABLE, DeadlinePassed, eventually, scaled
from tests.harness.environment import service_environment


def test_a_wait_ends_with_what_it_waited_for() -> None:
    with pytest.raises(DeadlinePassed, match="a miracle"):
        eventually("a miracle", lambda: False, seconds=0)


def test_a_wait_gives_the_first_true_answer() -> None:
    answers = iter([None, 0, "here"])

    assert eventually("an answer", lambda: next(answers), every_seconds=0) == "here"


def test_who_stands_still_until_the_deadline_has_passed_looks_once_more() -> None:
    looks: list[None] = []

    def found_at_the_second_look() -> bool:
        looks.append(None)
        time.sleep(0.02)
        return len(looks) == 2

    assert eventually("something", found_at_the_second_look, seconds=0.01)


def test_a_slow_machine_stretches_every_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "3")

    assert scaled(2) == 6


def test_a_service_sees_its_settings_and_none_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://shell")
    monkeypatch.setenv("DATABRICKS_CONFIG_PROFILE", "shell")
    monkeypatch.setenv("MILLSTREAM_API_PORT", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("UNRELATED", "kept")

    environment = service_environment({"MILLSTREAM_API_PORT": "2"})

    assert environment["MILLSTREAM_API_PORT"] == "2"
    assert environment["UNRELATED"] == "kept"
    assert (
        not {
            "DATABASE_URL",
            "DATABRICKS_CONFIG_PROFILE",
            "PYTHONDONTWRITEBYTECODE",
        }
        & environment.keys()
    )
