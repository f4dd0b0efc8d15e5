"""The frames that came before an attempt's own, and where its own numbers begin."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from millstream_contract.errors import BadFrame, Fenced
from millstream_contract.frames import Frame
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import Appended, TokenLog
from millstream_worker.answering.said import Said, said_in
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

RESTART_STRIDE: Final = 1_000_000
"""An attempt whose predecessor's frames are lost numbers from here, times its own number: far
above whatever viewers may have seen."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The stream before this attempt.

    frames: whose numbers follow each other, from ``first`` on.
    logged: the number of the next frame that the log wants.
    said: what the frames say.
    is_restart: they could not be had, and what viewers may have seen must be taken back.
    """

    frames: list[Frame]
    first: int
    logged: int
    said: Said = field(default_factory=Said)
    is_restart: bool = False


def earlier_frames(
    log: TokenLog, row: ResponseRow, stop: StopSignal, still_held: Callable[[], bool]
) -> Earlier:
    """Take the log over, and return what it holds.

    still_held: asks the ledger whether this attempt may still write. Raises Fenced, LogUnavailable,
    LedgerUnavailable.
    """
    known = log.count(row.id) if row.attempt > 1 else 0
    try:
        held = log.take_over(row.id, row.attempt)
    except Fenced as fenced:
        if not still_held():
            raise
        # The ledger knows of no later attempt: whatever fences the log, nobody of us wrote it.
        logger.error("%s attempt %d: fenced by nobody: %s", row.id, row.attempt, fenced)
        return begin_anew(log, row, still_held)
    if held.count == 0 and not still_held():
        # Redis has forgotten who holds the log: a later attempt, while this one was frozen.
        raise Fenced(row.id, row.attempt)
    if held.stop:
        stop.request(StopReason.CANCELLED)
    opening = opening_frames(row)
    if row.attempt == 1 and held.count <= len(opening):
        # What the log lacks of the opening follows from the row.
        return Earlier(opening, 0, held.count)
    if known > held.count:
        # Its end is lost, and viewers may have seen that.
        return begin_anew(log, row, still_held)
    return _read(log, row, held) or begin_anew(log, row, still_held)


def opening_only(row: ResponseRow) -> Earlier:
    """Return the stream before a first attempt, for a log that cannot be reached now."""
    if row.attempt > 1:
        first = row.attempt * RESTART_STRIDE
        return Earlier([], first, first, is_restart=True)
    return Earlier(opening_frames(row), 0, 0)


def _read(log: TokenLog, row: ResponseRow, held: Appended) -> Earlier | None:
    """Return what the log holds, or None when that is not a whole stream."""
    frames = list(log.read_all(row.id))
    if not frames or frames[-1].sequence_number != held.count - 1:
        return None
    first = frames[0].sequence_number
    whole = [frame.sequence_number for frame in frames] == list(range(first, held.count))
    if not whole or (first > 0 and not frames[0].retracts):
        return None
    try:
        return Earlier(frames, first, held.count, said_in(frames))
    except (BadFrame, KeyError, TypeError, ValueError) as error:
        logger.error("%s: its log holds what is no event: %s", row.id, error)
        return None


def begin_anew(log: TokenLog, row: ResponseRow, still_held: Callable[[], bool]) -> Earlier:
    """Empty the log, whatever it holds, and return what is before this attempt then.

    Raises as ``earlier_frames``.
    """
    logger.warning("%s attempt %d: earlier frames are lost; it starts over", row.id, row.attempt)
    earlier = opening_only(row)
    held = log.take_over(row.id, row.attempt, least_count=earlier.first, anew=True)
    # Only now, as no fence stopped that: a later attempt that lost its log to it sends it again.
    if not still_held():
        raise Fenced(row.id, row.attempt)
    return replace(earlier, logged=held.count)
