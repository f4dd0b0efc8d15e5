"""Reaping in a worker: a thread that looks for dropped answers twice a second."""

import logging
import threading

from millstream_contract.reaper import REAP_EVERY_SECONDS, Reaper

logger = logging.getLogger(__name__)


class Reaping:
    """Runs a reaper until closed. Apart from the heartbeat, which must not wait for a ledger."""

    def __init__(self, reaper: Reaper) -> None:
        """Run this one; call start()."""
        self._reaper = reaper
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
            except Exception:
                logger.exception("the reaper failed; it goes on")
