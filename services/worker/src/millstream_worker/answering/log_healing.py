"""What to do about a log in Redis that may not be as it was written: take it over, and look.

Redis may have lost frames, or all of them, and with them who may write; or somebody else wrote
there. The ledger knows which attempt holds the response, and the writer has every frame.
"""

import logging
from collections.abc import Callable

from millstream_contract.errors import Fenced, LedgerUnavailable
from millstream_contract.frames import Frame
from millstream_contract.jobs import AnswerJob
from millstream_contract.token_log import TokenLog

logger = logging.getLogger(__name__)


class LogHealing:
    """Takes over the log of one attempt whenever it is in doubt."""

    def __init__(self, log: TokenLog, job: AnswerJob, still_held: Callable[[], bool]) -> None:
        """still_held: asks the ledger whether this attempt may still write."""
        self._log = log
        self._name = (job.response_id, job.attempt)
        self._still_held = still_held

    def take_over(self, first: int, frames_before: Callable[[int], list[Frame]]) -> int:
        """Take the log, and return the number of the next frame that it wants.

        first: the number of the attempt's first frame. frames_before: gives the attempt's frames
        with lower numbers than this one.

        Raises Fenced when a later attempt holds the response, LogUnavailable and LedgerUnavailable.
        """
        try:
            held = self._log.take_over(*self._name, least_count=first)
        except Fenced as fenced:
            self._check_with_ledger(otherwise=fenced)
        else:
            # Only now: whoever begins a later attempt from here on finds the log taken by this one.
            self._check_with_ledger()
            if self._is_as_written(first, held.count, frames_before(held.count)):
                return held.count
        # The ledger knows of no later attempt: somebody else has written there.
        logger.error("%s attempt %d: its log in Redis is not as written; begun anew", *self._name)
        held = self._log.take_over(*self._name, least_count=first, anew=True)
        self._check_with_ledger()
        return held.count

    def _check_with_ledger(self, otherwise: Fenced | None = None) -> None:
        """Raise Fenced when the ledger says so; ``otherwise`` when it is away, if that is given."""
        try:
            if self._still_held():
                return
        except LedgerUnavailable:
            if otherwise is None:
                raise
            raise otherwise from None
        raise Fenced(*self._name)

    def _is_as_written(self, first: int, count: int, frames: list[Frame]) -> bool:
        """Tell whether the log holds these frames, and no more."""
        response_id, _ = self._name
        logged = self._log.read_all(response_id, first - 1)
        return first + len(frames) == count and list(logged) == frames
