"""Stopping an answer: written down first, then asked for, then waited for."""

import logging
import time
from dataclasses import dataclass

from millstream_api.observing.metrics import ApiMetrics
from millstream_api.relay.streaming import Streamer
from millstream_contract.errors import Fenced, LogUnavailable
from millstream_contract.events import final_event
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.moving_up import MovingUp
from millstream_contract.objects import FINAL_STATUSES
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog
from millstream_contract.work_board import Lease, WorkBoard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Canceller:
    """Stops answers. wait_seconds: how long to wait for the worker's acknowledgement."""

    ledger: Ledger
    log: TokenLog
    board: WorkBoard
    streamer: Streamer
    moving_up: MovingUp
    wait_seconds: float
    metrics: ApiMetrics

    def cancel(self, response_id: str, owner: str) -> ResponseRow:
        """Stop a response and return it as it then stands.

        Its status is "cancelled" once the worker has closed its request to the model and stored
        what there was; "in_progress" is the honest answer when it has not yet done so in time.
        Raises NotFound.
        """
        begun = time.monotonic()
        if not self.ask(response_id, owner):
            stopped = self.streamer.wait_for_end(response_id, self.wait_seconds)
            outcome = self.metrics.cancel_seconds.labels("stopped" if stopped else "still_running")
            outcome.observe(time.monotonic() - begun)
        return self.ledger.responses.get(response_id, owner)

    def ask(self, response_id: str, owner: str) -> bool:
        """Ask for a stop, without waiting for it; tell whether the response has ended already.

        Raises NotFound.
        """
        row = self.ledger.responses.request_cancel(response_id, owner)
        if row.status in FINAL_STATUSES:
            return True
        if row.attempt == 0 and self._end_before_it_began(row):
            return True
        self._ask_the_worker(response_id)
        return False

    def _end_before_it_began(self, row: ResponseRow) -> bool:
        opening = opening_frames(row)
        final = row.as_object().model_copy(
            update={"status": "cancelled", "completed_at": time.time()}
        )
        last = encode_frame(final_event(final), len(opening))
        frames: list[Frame] = [*opening, last]
        if not self.ledger.responses.finish(final, 0, b"".join(frame.data for frame in frames)):
            return False
        self.metrics.finished.labels("cancelled").inc()
        try:
            self.log.append(row.id, 0, frames)
            self.board.release(Lease(row.id, 0))
        except (LogUnavailable, Fenced) as error:
            logger.warning("%s: its viewers learn from the ledger: %s", row.id, error)
        self.moving_up.behind_the_end_in(row.conversation_id)
        return True

    def _ask_the_worker(self, response_id: str) -> None:
        try:
            self.log.request_stop(response_id)
        except LogUnavailable as error:
            logger.warning(
                "%s: the worker will find the stop in the ledger: %s", response_id, error
            )
