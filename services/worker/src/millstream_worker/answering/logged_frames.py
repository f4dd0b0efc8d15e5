"""The frames that came before an attempt's own."""

import logging

from millstream_contract.events import AttemptReset
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)


def known_frames(log: TokenLog, row: ResponseRow, stop: StopSignal) -> tuple[list[Frame], int]:
    """Take the log over; return the frames before this attempt's own, and how many it holds.

    What the log lacks of the opening follows from the row. Raises Fenced, LogUnavailable.
    """
    held = log.take_over(row.id, row.attempt)
    if held.stop:
        stop.request(StopReason.CANCELLED)
    opening = opening_frames(row)
    if held.count <= len(opening):
        return opening, held.count
    found = {frame.sequence_number: frame for frame in log.read_all(row.id)}
    found = {frame.sequence_number: frame for frame in opening} | found
    missing = [number for number in range(held.count) if number not in found]
    if missing:
        logger.error("%s: its log lacks frames %s", row.id, missing[:20])
        # The stored stream must have every number; what is missing was of an earlier attempt,
        # and is retracted in any case.
        lost = AttemptReset(attempt=row.attempt, reason="frames were lost")
        found |= {number: encode_frame(lost, number) for number in missing}
    return [found[number] for number in range(held.count)], held.count
