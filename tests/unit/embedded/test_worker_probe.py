"""A worker is ready when its log says so, of this start and not of one before."""

from pathlib import Path

from millstream_embedded.worker_probe import log_says_ready

READY = "worker-1 ready: takes jobs from queue answers\n"


def test_what_was_written_before_the_question_says_nothing_of_now(tmp_path: Path) -> None:
    log = tmp_path / "worker-1.log"
    assert not log_says_ready(log)()
    log.write_text(READY)

    is_ready = log_says_ready(log)
    assert not is_ready()

    with log.open("a") as file:
        file.write(READY)
    assert is_ready()


def test_a_log_that_was_begun_anew_meanwhile_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "worker-1.log"
    log.write_text(READY)
    is_ready = log_says_ready(log)

    log.rename(tmp_path / "worker-1.log.1")
    assert not is_ready()
    log.write_text(READY + "what it did then: more than the old file held\n" * 5)

    assert is_ready()
