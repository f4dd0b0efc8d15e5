"""Threads for what an answer need not wait for."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

THREADS: Final = 2


def open_background() -> ThreadPoolExecutor:
    """Return an executor whose threads all run already; shut it down.

    An executor starts them as they are needed, some only under load: how many threads a process has
    would then tell nothing about what it has leaked.
    """
    executor = ThreadPoolExecutor(THREADS, "background")
    all_run = Barrier(THREADS)
    for begun in [executor.submit(all_run.wait) for _ in range(THREADS)]:
        begun.result()
    return executor
