"""The threads beside the one of all greenlets: names are resolved on them, as the C library blocks.

gevent starts up to ten when names are looked up and ends them when they idle, so that how many
threads a process has would say nothing. Here a fixed number starts with the process, and stays.
"""

from typing import Final

import gevent
from gevent.threadpool import ThreadPool

THREADS: Final = 10
"""As many as gevent would start: a name server that hangs may hold several lookups at a time."""

_FOR_EVER: Final = -1


def start_native_threads() -> None:
    """Start them. Call once, in the process that serves, before the first name is looked up."""
    hub = gevent.get_hub()
    pool = ThreadPool(THREADS, hub, idle_task_timeout=_FOR_EVER)
    pool.size = THREADS
    hub.threadpool = pool
    # One made before would go on with the threads that it knows.
    del hub.resolver
