"""Making an answer: whatever comes of it, a fault included, is a way in which the answer ends."""

import logging
from dataclasses import dataclass
from typing import Final

from millstream_contract.errors import ContractError
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import ResponseError
from millstream_worker.answering.attempt import AnswerTooLong, Attempt
from millstream_worker.answering.graph import Graph, run_graph
from millstream_worker.answering.patience import Waits
from millstream_worker.answering.recorder import Ending
from millstream_worker.answering.stopping import Stopped, StopReason, StopSignal
from millstream_worker.answering.tools import AnswerTools
from millstream_worker.answering.words import ATTEMPTS_EXHAUSTED, INTERNAL_ERROR, SEARCH_FAILED
from millstream_worker.model_errors import ModelError

logger = logging.getLogger(__name__)

SERVER_ERROR: Final = "server_error"
"""The code of a failure that is ours, not the model's."""

_QUICK_ATTEMPTS: Final = 2
"""Tries that begin at once; a later one waits, longer each time."""


@dataclass(frozen=True, slots=True)
class Making:
    """Makes answers by this graph, as long as no more than ``max_attempts`` were lost with one."""

    graph: Graph
    max_attempts: int

    def make(
        self, attempt: Attempt, tools: AnswerTools, row: ResponseRow, stop: StopSignal
    ) -> Ending:
        """Make the answer, and return how it ends. Raises Stopped when it does not end here."""
        try:
            return self._made(attempt, tools, row, stop)
        except Stopped as stopped:
            if stopped.reason is StopReason.CANCELLED:
                return Ending("cancelled")
            raise
        except AnswerTooLong:
            return Ending("incomplete", incomplete_reason="max_output_tokens")
        except ModelError as error:
            logger.warning("%s attempt %d: %s", row.id, row.attempt, error)
            return _failed(error.code, error.reason)
        except ContractError as error:
            logger.error("%s attempt %d: %s", row.id, row.attempt, error)
            return _failed(SERVER_ERROR, SEARCH_FAILED)
        except Exception:
            logger.exception("%s attempt %d: failed", row.id, row.attempt)
            return _failed(SERVER_ERROR, INTERNAL_ERROR)

    def _made(
        self, attempt: Attempt, tools: AnswerTools, row: ResponseRow, stop: StopSignal
    ) -> Ending:
        if row.tries > self.max_attempts:
            attempt.keep()
            return _failed("attempts_exhausted", ATTEMPTS_EXHAUSTED)
        if stop.reason is StopReason.CANCELLED:
            attempt.keep()
            return Ending("cancelled")
        attempt.begin()
        if attempt.was_complete:
            return Ending("completed")
        if row.tries > _QUICK_ATTEMPTS:
            # Whatever killed the earlier ones may be the question: spare the others.
            stop.wait(Waits.after(row.tries - _QUICK_ATTEMPTS))
        run_graph(self.graph, attempt, tools)
        return attempt.ending()


def _failed(code: str, message: str) -> Ending:
    return Ending("failed", ResponseError(code=code, message=message))
