"""A wrong setting stops the start and names itself."""

import subprocess
import sys

import pytest

from tests.harness.environment import service_environment

_RIGHT = {"DATABASE_URL": "postgresql://127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"REDIS_URL": "http://127.0.0.1"}, "REDIS_URL"),
        ({"MILLSTREAM_API_PORT": "many"}, "MILLSTREAM_API_PORT"),
        ({"MILLSTREAM_API_PORT": "65536"}, "MILLSTREAM_API_PORT"),
        ({"MILLSTREAM_KEEP_ALIVE_SECONDS": "60"}, "MILLSTREAM_KEEP_ALIVE_SECONDS"),
        ({"MILLSTREAM_MAX_INPUT_CHARACTERS": "0"}, "MILLSTREAM_MAX_INPUT_CHARACTERS"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_names_itself(wrong: dict[str, str], name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "millstream_api"],
        env=service_environment({**_RIGHT, **wrong}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_address_is_named() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "millstream_api"],
        env=service_environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "DATABASE_URL" in ended.stderr
    assert "REDIS_URL" in ended.stderr
