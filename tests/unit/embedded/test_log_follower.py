import os
from pathlib import Path

import pytest

from millstream_embedded.log_follower import LogFollower


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


def _shown(reading: int, writing: int) -> list[str]:
    os.close(writing)
    with os.fdopen(reading, "rb") as shown:
        return shown.read().decode().splitlines()


def test_each_line_carries_the_name_of_its_part(tmp_path: Path, pipe: tuple[int, int]) -> None:
    follower = LogFollower(tmp_path, ["api", "worker-1"], descriptor=pipe[1])

    (tmp_path / "api.log").write_text("one\ntwo\n")
    (tmp_path / "worker-1.log").write_text("three\n")
    follower.start()
    follower.end()

    assert sorted(_shown(*pipe)) == [
        "api        | one",
        "api        | two",
        "worker-1   | three",
    ]


def test_what_was_logged_before_this_start_is_not_shown(
    tmp_path: Path, pipe: tuple[int, int]
) -> None:
    log = tmp_path / "api.log"
    log.write_text("of the last time\n")
    follower = LogFollower(tmp_path, ["api"], descriptor=pipe[1])

    with log.open("a") as file:
        file.write("of now\n")
    follower.start()
    follower.end()

    assert _shown(*pipe) == ["api        | of now"]


def test_a_line_is_shown_whole_and_the_last_one_without_its_end(
    tmp_path: Path, pipe: tuple[int, int]
) -> None:
    follower = LogFollower(tmp_path, ["api"], descriptor=pipe[1])
    long = "x" * 200_000

    # a reader has to keep up with what a pipe does not hold
    (tmp_path / "api.log").write_text(f"{long}\nunfinished")
    follower.start()
    with os.fdopen(pipe[0], "rb") as shown:
        assert shown.readline().decode() == f"api        | {long}\n"
        follower.end()
        os.close(pipe[1])
        assert shown.read() == b"api        | unfinished\n"


def test_no_line_is_lost_when_a_log_is_rotated(tmp_path: Path, pipe: tuple[int, int]) -> None:
    log = tmp_path / "api.log"
    follower = LogFollower(tmp_path, ["api"], descriptor=pipe[1])

    log.write_text("".join(f"{number}\n" for number in range(1000)))
    follower.start()
    with os.fdopen(pipe[0], "rb") as shown:
        first = [shown.readline() for _ in range(1000)]
        with log.open("a") as file:
            file.write("last of the old\n")
        log.rename(tmp_path / "api.log.1")
        log.write_text("first of the new\n")
        rest = [shown.readline(), shown.readline()]
        follower.end()
        os.close(pipe[1])

    assert first[-1] == b"api        | 999\n"
    assert rest == [b"api        | last of the old\n", b"api        | first of the new\n"]


def test_our_own_messages_stand_beside_the_logs(tmp_path: Path, pipe: tuple[int, int]) -> None:
    follower = LogFollower(tmp_path, ["api"], descriptor=pipe[1])

    follower.say("Ready.\nAsk away.")
    follower.start()
    follower.end()

    assert _shown(*pipe) == ["millstream | Ready.", "millstream | Ask away."]


def test_nobody_reading_holds_nobody_up(tmp_path: Path, pipe: tuple[int, int]) -> None:
    follower = LogFollower(tmp_path, ["api"], descriptor=pipe[1])

    (tmp_path / "api.log").write_text("more than a pipe holds\n" * 20_000)
    follower.start()
    follower.say("a message")
    follower.end(timeout_seconds=0.1)

    # we are here; what was not shown is still in the file
    assert (tmp_path / "api.log").stat().st_size > 100_000
    with os.fdopen(pipe[0], "rb") as shown:
        lines = [shown.readline() for _ in range(20_001)]
    assert sum(line == b"api        | more than a pipe holds\n" for line in lines) == 20_000
    assert b"millstream | a message\n" in lines


def test_a_reader_that_leaves_ends_the_showing_only(tmp_path: Path, pipe: tuple[int, int]) -> None:
    follower = LogFollower(tmp_path, ["api"], descriptor=pipe[1])
    os.close(pipe[0])

    follower.start()
    follower.say("to nobody")
    follower.end()

    os.close(pipe[1])
