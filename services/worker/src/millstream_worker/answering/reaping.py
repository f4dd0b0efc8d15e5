"""Reaping in a worker: a thread that looks twice a second for what was dropped.

That is answers whose worker is gone, and stops that nobody told of: the API process died between
writing one down and publishing it.
"""

import logging
import threading
from collections.abc import Callable

from millstream_contract.errors import ContractError
from millstream_contract.reaper import REAP_EVERY_SECONDS, Reaper

logger = logging.getLogger(__name__)


class Reaping:
    """Looks until closed. Apart from the heartbeat, which must not wait for a ledger."""

    def __init__(self, reaper: Reaper, find_stops: Callable[[], None]) -> None:
        """Run these; ``find_stops`` looks once and may raise ContractError. Call start()."""
        self._reaper = reaper
        self._find_stops = find_stops
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(REAP_EVERY_SECONDS):
            try:
                self._reaper.reap()
                self._find_stops()
            except ContractError as error:
                logger.debug("stops cannot be looked for now: %s", error)
            except Exception:
                logger.exception("the reaper failed; it goes on")
