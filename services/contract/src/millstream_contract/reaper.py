"""The reaper: finds what no living worker holds, and puts it in line again.

Every worker and API process runs one, twice a second; the board gives each finding to one of them.
Nothing here is needed for correctness, which is the fence's and the claim's: a message too many
does nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from millstream_contract.broker_keys import BrokerKeys
from millstream_contract.errors import LedgerUnavailable, LogUnavailable, NotFound
from millstream_contract.jobs import ANSWER_QUEUE, AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.objects import FINAL_STATUSES
from millstream_contract.token_log import TokenLog
from millstream_contract.work_board import Lease, Waiting, WorkBoard

logger = logging.getLogger(__name__)

REAP_EVERY_SECONDS: Final = 0.5

_LOST_MESSAGE_SECONDS: Final = 2.0
"""A response this long in line, while the broker's list is empty, has lost its message."""

_LOST_BEHIND_BACKLOG_SECONDS: Final = 60.0
"""Behind a backlog nobody can tell; a message too many, once a minute, costs next to nothing."""

_BEGINNING_SECONDS: Final = 1.0
"""An attempt this young may be without a lease: its worker tells the board next."""

_LEDGER_CHECK_SECONDS: Final = 5.0
_MOST: Final = 5000
"""So many that wait for their turn are read of the ledger at a time."""

_POSITIONS_SECONDS: Final = 2.0
"""How often those in line hear their positions."""


@dataclass(frozen=True, slots=True)
class Reaper:
    """Looks once when told to. ``send`` sends a job, and returns False when it could not."""

    board: WorkBoard
    broker: BrokerKeys
    log: TokenLog
    ledger: Ledger
    send: Callable[[AnswerJob], bool]

    def reap(self) -> None:
        """Find and re-enqueue what was dropped. An outage is waited out, by doing nothing."""
        try:
            self._expired()
            self._lost_messages()
            self._lost_from_board()
            self.board.tell_positions(_POSITIONS_SECONDS)
        except (LogUnavailable, LedgerUnavailable) as error:
            logger.debug("nothing can be found now: %s", error)

    def _expired(self) -> None:
        for lease in self.board.expired(self._silences):
            logger.warning("%s: the worker of attempt %d is gone", lease.response_id, lease.attempt)
            self.send(AnswerJob(lease.response_id, lease.attempt + 1))

    def _silences(self, leases: Sequence[Lease]) -> list[float | None]:
        return self.log.silences([(lease.response_id, lease.attempt) for lease in leases])

    def _lost_messages(self) -> None:
        is_backlog = self.broker.waiting_messages(ANSWER_QUEUE) > 0
        age = _LOST_BEHIND_BACKLOG_SECONDS if is_backlog else _LOST_MESSAGE_SECONDS
        for response_id in self.board.overdue(age):
            self._send_again(response_id)

    def _lost_from_board(self) -> None:
        if not self.board.may_check_ledger(_LEDGER_CHECK_SECONDS):
            return
        self.broker.bound()
        unfinished = [Lease(*found) for found in self.ledger.responses.unfinished()]
        for response_id in self.board.restore(unfinished):
            self._send_again(response_id)
        waiting = [Waiting(*found) for found in self.ledger.responses.waiting_for_turn(_MOST)]
        self.board.restore_turns(waiting, is_all=len(waiting) < _MOST)

    def _send_again(self, response_id: str) -> None:
        try:
            row = self.ledger.responses.get(response_id)
        except NotFound:
            self.board.release(Lease(response_id, 0))
            return
        if row.status in FINAL_STATUSES:
            self.board.release(Lease(response_id, row.attempt))
            return
        if row.attempt and self._is_held(Lease(response_id, row.attempt)):
            return
        logger.info("%s: its message is lost; it is sent again", response_id)
        self.send(AnswerJob(response_id, row.attempt + 1))

    def _is_held(self, lease: Lease) -> bool:
        """Tell whether a worker has it, or has just begun and will take it out of line itself."""
        return self.board.leave_line(lease) or self.ledger.responses.was_claimed_within(
            lease.response_id, lease.attempt, _BEGINNING_SECONDS
        )
