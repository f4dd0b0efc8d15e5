"""A log writer to write by, and what it wrote."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from millstream_contract.events import OutputTextDelta
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.jobs import AnswerJob
from millstream_contract.token_log import TokenLog
from millstream_worker.answering.earlier_frames import Earlier
from millstream_worker.answering.log_writer import PAUSE_SECONDS, LogWriter
from millstream_worker.answering.stopping import StopSignal

ID = "resp_" + "2" * 32


def piece(text: str) -> OutputTextDelta:
    return OutputTextDelta(item_id="msg", output_index=0, delta=text)


OPENING = [encode_frame(piece("opening"), 0), encode_frame(piece("queued"), 1)]


def opened(log: TokenLog) -> int:
    """Write the opening, as the API does; return how much the log has then.

    A writer behind it is at rest from the start; one that writes it may not be yet when its flush
    is over.
    """
    log.append(ID, 0, OPENING)
    return len(OPENING)


@contextmanager
def writing(
    log: TokenLog,
    *,
    response_id: str = ID,
    logged: int = 0,
    held: bool = True,
    still_held: Callable[[], bool] | None = None,
    patience_seconds: float = 30.0,
) -> Iterator[tuple[LogWriter, StopSignal]]:
    """Give a writer behind the opening, of which the log says to have so much."""
    stop = StopSignal()
    log.take_over(response_id, 1)
    writer = LogWriter(
        log,
        AnswerJob(response_id, 1),
        Earlier(OPENING, 0, logged),
        still_held=still_held or (lambda: held),
        stop=stop,
        patience_seconds=patience_seconds,
    )
    try:
        yield writer, stop
    finally:
        writer.abandon()


def after_a_pause() -> None:
    """Let so much time pass as between two tokens of a model."""
    time.sleep(2 * PAUSE_SECONDS)


def logged(log: TokenLog, response_id: str = ID) -> list[Frame]:
    return list(log.read_all(response_id))
