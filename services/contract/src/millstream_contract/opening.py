"""The frames that open every stream: they follow from the ledger's row alone.

The API writes them when it accepts a question; whoever finds a log without them (Redis lost it)
writes the very same ones.
"""

from typing import Final

from millstream_contract.events import ResponseCreated, ResponseQueued
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.ledger.rows import ResponseRow

LAST_OPENING_NUMBER: Final = 1
"""The number of the last opening frame: where every viewer stands until a worker begins."""


def opening_frames(row: ResponseRow) -> list[Frame]:
    """Return response.created and response.queued, as frames 0 and 1, of an accepted response."""
    accepted = row.model_copy(
        update={"status": "queued", "attempt": 0, "started_at": None, "grounded": None}
    ).as_object()
    return [
        encode_frame(ResponseCreated(response=accepted), 0),
        encode_frame(ResponseQueued(response=accepted), 1),
    ]
