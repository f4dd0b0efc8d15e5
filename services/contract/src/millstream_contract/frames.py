r"""Frames: an event as the bytes that a viewer receives.

A frame is ``id: <sequence number>\ndata: <JSON on one line>\n\n``. It is encoded once, by who
writes the token log; log, channel, relay and ledger carry its bytes and never parse them. There
is no ``event:`` line, so that every EventSource hears it as a message.

An *aside* is an event that is told beside the stream, to whoever listens just then. It has no
``id:`` line, and repeats the number of the event before it: it moves no cursor, no log holds it,
and who misses it misses nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from millstream_contract.errors import BadFrame
from millstream_contract.events import FINAL_TYPES, Event

DONE: Final = b"data: [DONE]\n\n"
"""Closes a stream for clients that want it; nothing depends on it."""

KEEP_ALIVE: Final = b": keep-alive\n\n"

_END: Final = b"\n\n"

_MOST_DIGITS: Final = 18

# JSON allows these raw in a string, yet some clients split lines at them (Python's splitlines).
_LINE_BREAKS_OF_SOME: Final = (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))

_FINAL_STARTS: Final = tuple(f'data: {{"type":"{name}"'.encode() for name in sorted(FINAL_TYPES))
_RESET_START: Final = b'data: {"type":"millstream.attempt.reset"'


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded event and its place in the stream, from 0."""

    sequence_number: int
    data: bytes

    @property
    def is_final(self) -> bool:
        """True when this frame ends its stream."""
        return self._data_line().startswith(_FINAL_STARTS)

    @property
    def retracts(self) -> bool:
        """True when this frame takes back all before it, so that its number may jump ahead."""
        return self._data_line().startswith(_RESET_START)

    def _data_line(self) -> bytes:
        return self.data.partition(b"\n")[2]


def encode_frame(event: Event, sequence_number: int) -> Frame:
    """Encode an event as the frame with this number."""
    body = event.model_dump_json()
    for character, escape in _LINE_BREAKS_OF_SOME:
        if character in body:
            body = body.replace(character, escape)
    # `type` is the first field of every event; the number goes in behind it.
    kind, rest = body.split(",", 1)
    text = f'id: {sequence_number}\ndata: {kind},"sequence_number":{sequence_number},{rest}\n\n'
    return Frame(sequence_number, text.encode())


def encode_aside(event: Event, last_number: int) -> bytes:
    """Encode an event to be told beside the stream, behind the event with this number."""
    return encode_frame(event, last_number).data.partition(b"\n")[2]


LOOK_AGAIN: Final = b": look again\n\n"
"""Published in place of frames when a response was deleted: who listens finds that in the ledger.
It is a comment, should anybody send it on."""


def is_aside(data: bytes) -> bool:
    """Tell whether this is an aside: frames begin with their id, ``DONE`` with no object."""
    return data.startswith(b"data: {")


def sequence_number_of(data: bytes) -> int:
    """Return the number of the first frame in ``data``.

    Raises BadFrame when ``data`` does not start with a frame.
    """
    head, _, _ = data.partition(b"\n")
    digits = head.removeprefix(b"id: ")
    if digits == head or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        raise BadFrame(head[:40])
    return int(digits)


def is_frame(data: bytes, number: int) -> bool:
    """Tell whether ``data`` is the frame with this number, without a look into its JSON."""
    return data.startswith(b'id: %d\ndata: {"' % number) and data.endswith(_END)


def split_frames(data: bytes) -> Iterator[Frame]:
    """Yield the frames that were joined to ``data``. Raises BadFrame on anything else."""
    pieces = data.split(_END)
    if pieces.pop():
        raise BadFrame(data[-40:])
    for piece in pieces:
        yield Frame(sequence_number_of(piece), piece + _END)


def last_frame(data: bytes) -> Frame:
    """Return the last of the frames that were joined to ``data``. Raises BadFrame on other bytes.

    What is before that frame is not looked at.
    """
    if not data.endswith(_END):
        raise BadFrame(data[-40:])
    before = data.rfind(_END, 0, -len(_END))
    last = data if before < 0 else data[before + len(_END) :]
    return Frame(sequence_number_of(last), last)


def decode_event(frame: Frame) -> dict[str, Any]:
    """Return the JSON of a frame. Raises BadFrame when there is none."""
    _, _, rest = frame.data.partition(b"\ndata: ")
    try:
        event = json.loads(rest)
    except ValueError:
        raise BadFrame(frame.data[:40]) from None
    if not isinstance(event, dict):
        raise BadFrame(frame.data[:40])
    return event
