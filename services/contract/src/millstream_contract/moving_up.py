"""Moving up: when a response of a conversation has ended, the next one gets in line.

Whoever ended it does so. Dying before it loses nothing: a reaper finds the next one in the ledger.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from millstream_contract.errors import ContractError
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.work_board import WorkBoard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MovingUp:
    """Lets the next response of a conversation begin. ``send`` sends a job, False if it cannot."""

    ledger: Ledger
    board: WorkBoard
    send: Callable[[AnswerJob], bool]

    def behind_the_end_in(self, conversation_id: str | None) -> None:
        """Put the next one in line, a response of the conversation having ended.

        It never fails: what cannot be done now, a reaper does.
        """
        if conversation_id is None:
            return
        try:
            following = self.ledger.responses.next_of(conversation_id)
            if following is not None:
                self.board.put_in_line(following)
                self.send(AnswerJob(following, attempt=1))
        except ContractError as error:
            logger.warning("%s: its next turn is left to a reaper: %s", conversation_id, error)
