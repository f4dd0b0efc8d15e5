"""Keeping the passages that were found, for a later attempt; nothing of the answer waits for it."""

import logging
from collections.abc import Callable, Sequence

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.objects import Passage

logger = logging.getLogger(__name__)


class PassageKeeping:
    """Has what one attempt has found stored, once, when there is time."""

    def __init__(
        self,
        job: AnswerJob,
        ledger: Ledger,
        in_background: Callable[[Callable[[], None]], object],
    ) -> None:
        """Store in ``ledger``. in_background: runs a call on another thread, soon."""
        self._job = job
        self._ledger = ledger
        self._in_background = in_background
        self._unkept: Sequence[Passage] | None = None

    def found(self, passages: Sequence[Passage]) -> None:
        """Note what is to be kept."""
        self._unkept = passages

    def keep(self) -> None:
        """Have it stored in the background, if it was not. Returns at once."""
        kept, self._unkept = self._unkept, None
        if kept is not None:
            self._in_background(lambda: self._store(kept))

    def _store(self, kept: Sequence[Passage]) -> None:
        response_id, attempt = self._job.response_id, self._job.attempt
        try:
            self._ledger.responses.keep_passages(response_id, attempt, kept, grounded=bool(kept))
        except LedgerUnavailable as error:
            # It would only have saved a later attempt some work.
            logger.warning("%s: passages are not kept: %s", response_id, error)
        except Exception:
            # Nobody reads what a call in the background raises.
            logger.exception("%s: passages are not kept", response_id)
