"""The threads for what an answer need not wait for."""

import threading

from millstream_worker.answering.background import THREADS, open_background


def running() -> int:
    return sum(thread.name.startswith("background") for thread in threading.enumerate())


def test_all_threads_of_the_background_run_from_the_start() -> None:
    with open_background() as executor:
        assert running() == THREADS

        executor.submit(int).result()

        assert running() == THREADS
    assert running() == 0
