"""Open files: how many streams they are room for, and what the start says of too few."""

import subprocess
import sys

import pytest

from millstream_api.open_files import files_for, room_in
from tests.harness.environment import service_environment

_ADDRESSES = {"DATABASE_URL": "postgresql://127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1:1"}

_LIMITED = "import resource, runpy\nresource.setrlimit(resource.RLIMIT_NOFILE, {limits})\n"
_MAKE_ROOM = (
    "from millstream_api.open_files import make_room\n"
    "print(make_room({streams}, is_wish=False).streams,"
    " resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
)


def run(limits: tuple[int, int], code: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _LIMITED.format(limits=limits) + code],
        env=service_environment({**_ADDRESSES, **settings}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("files", [600, 1024, 4096, 10_500, 100_000])
@pytest.mark.parametrize("streams", [1, 50, 5000, 60_000])
def test_streams_requests_and_all_else_fit_into_the_files(files: int, streams: int) -> None:
    room = room_in(files, streams)

    assert 1 <= room.streams <= streams
    assert room.streams + room.requests + 500 <= files
    assert room.requests >= min(50, room.streams)
    if files >= files_for(streams):
        assert room.streams == streams


def test_few_streams_leave_room_for_connections_that_are_kept_for_a_next_request() -> None:
    room = room_in(10_500, 4)

    assert (room.streams, room.requests >= 100) == (4, True)
    assert room_in(files_for(4), 4).requests >= 100


def test_the_soft_limit_is_raised_as_far_as_needed() -> None:
    ended = run((256, 4096), _MAKE_ROOM.format(streams=1000))

    assert ended.stdout.split() == ["1000", str(files_for(1000))]


def test_with_too_low_a_hard_limit_fewer_streams_are_served_and_it_is_said() -> None:
    ended = run((256, 1024), _MAKE_ROOM.format(streams=5000))

    assert ended.stdout.split() == ["262", "1024"]
    assert "RLIMIT_NOFILE" in ended.stderr
    assert "room for 262" in ended.stderr


@pytest.mark.parametrize(
    ("limits", "settings"),
    [((256, 1024), {"MILLSTREAM_MAX_STREAMS": "5000"}), ((256, 400), {})],
)
def test_a_number_that_was_set_and_does_not_fit_stops_the_start(
    limits: tuple[int, int], settings: dict[str, str]
) -> None:
    ended = run(limits, "runpy.run_module('millstream_api', run_name='__main__')", **settings)

    assert ended.returncode == 1
    assert "MILLSTREAM_MAX_STREAMS" in ended.stderr
    assert "RLIMIT_NOFILE" in ended.stderr
    assert "Traceback" not in ended.stderr
