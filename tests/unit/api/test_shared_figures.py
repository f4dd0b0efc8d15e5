"""Figures that processes share by files: kept when a process ends, in files that do not pile up."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from millstream_api.observing.sharing import begin_sharing, leave_sharing

QUESTIONS = ("millstream_questions", "millstream_questions_total")
SECONDS = "millstream_things_seconds"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "shared"))
    begin_sharing()
    return tmp_path / "shared"


def _write(path: Path, values: dict[str, float]) -> None:
    file = MmapedDict(str(path))  # type: ignore[no-untyped-call]
    for key, value in values.items():
        file.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]


def _process_that_counted(directory: Path, pid: int, route: str) -> None:
    """A process with one question, one thing of up to a second, and a viewer that is open."""
    bucket = mmap_key(SECONDS, f"{SECONDS}_bucket", ["le"], ["1.0"], "Things.")
    total = mmap_key(SECONDS, f"{SECONDS}_sum", [], [], "Things.")
    question = mmap_key(*QUESTIONS, ["route"], [route], "Questions.")
    viewers = mmap_key("millstream_viewers", "millstream_viewers", [], [], "Viewers.")
    _write(directory / f"counter_{pid}.db", {question: 1.0})
    _write(directory / f"histogram_{pid}.db", {bucket: 1.0, total: 0.5})
    _write(directory / f"gauge_livesum_{pid}.db", {viewers: 1.0})


def _scraped(directory: Path) -> CollectorRegistry:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(directory))  # type: ignore[no-untyped-call]
    return registry


def test_processes_that_end_leave_what_they_counted_and_no_more_files_than_one_did(
    directory: Path,
) -> None:
    # Given one process that lives, and many that were restarted
    _process_that_counted(directory, 1, "/a")
    for pid in range(100, 150):
        _process_that_counted(directory, pid, "/a" if pid % 2 else "/b")

        # When each of them ends
        leave_sharing(pid)

    # Then all counts, only what is open is that of the living, and files do not pile up
    scraped = _scraped(directory)
    assert scraped.get_sample_value(QUESTIONS[1], {"route": "/a"}) == 26
    assert scraped.get_sample_value(QUESTIONS[1], {"route": "/b"}) == 25
    assert scraped.get_sample_value(f"{SECONDS}_bucket", {"le": "1.0"}) == 51
    assert scraped.get_sample_value(f"{SECONDS}_count") == 51
    assert scraped.get_sample_value(f"{SECONDS}_sum") == 25.5
    assert scraped.get_sample_value("millstream_viewers") == 1
    assert len(list(directory.iterdir())) == 5


def test_a_file_that_was_cut_off_does_not_spoil_every_scrape_from_then_on(directory: Path) -> None:
    _process_that_counted(directory, 1, "/a")
    _process_that_counted(directory, 2, "/a")
    (directory / "counter_2.db").write_bytes(b"")

    leave_sharing(2)

    scraped = _scraped(directory)
    assert scraped.get_sample_value(QUESTIONS[1], {"route": "/a"}) == 1
    assert scraped.get_sample_value(f"{SECONDS}_count") == 2


def test_an_earlier_run_leaves_nothing_to_the_next(directory: Path) -> None:
    _process_that_counted(directory, 1, "/a")
    leave_sharing(1)

    begin_sharing()

    assert list(directory.iterdir()) == []
