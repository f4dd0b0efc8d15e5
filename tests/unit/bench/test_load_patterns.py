import ast
from pathlib import Path

import pytest

from bench.load.patterns import PATTERNS, chosen_patterns

# Importing locust would exchange this process's sockets for gevent's.
USERS = Path(__file__).parents[3] / "bench" / "load" / "users.py"


def weights() -> dict[str, int]:
    """The users that there are, and how many of each come."""
    classes = (node for node in ast.parse(USERS.read_text()).body if isinstance(node, ast.ClassDef))
    return {
        one.name: ast.literal_eval(line.value)
        for one in classes
        for line in one.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "weight"
    }


def test_every_pattern_names_users_that_there_are() -> None:
    assert {name for pattern in PATTERNS for name in pattern.users} == weights().keys()


def test_a_pattern_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="not stampede"):
        chosen_patterns(["steady", "stampede"])


def test_a_thousand_viewers_view_fifty_answers() -> None:
    (pattern,) = chosen_patterns(["viewers"])

    assert pattern.count == 1050
    assert weights()["Viewer"] == 20 * weights()["Host"]


def test_a_shortened_pattern_has_the_same_users_for_moments() -> None:
    for pattern in PATTERNS:
        short = pattern.shortened()

        assert (short.name, short.users, short.shape) == (
            pattern.name,
            pattern.users,
            pattern.shape,
        )
        assert short.seconds + short.step_seconds * len(short.steps) < 15
        assert max(short.count, *short.steps, 0) <= 12
