"""Following a log: which bytes does a viewer that stands at a cursor still need?

Pure decisions, no input or output: the relay asks here, and reads the log where told to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from millstream_contract.errors import BadFrame
from millstream_contract.frames import Frame, last_frame, sequence_number_of, split_frames


class Hole(Enum):
    """What lies between the cursor and a live batch must be read from the log."""

    HOLE = "hole"


@dataclass(frozen=True, slots=True)
class LiveBatch:
    """What one append published: frames with numbers ``first`` to ``last``, joined."""

    first: int
    last: int
    data: bytes
    ends_stream: bool
    published_at: float | None = None
    """When Redis published it, by its own clock; now and then a message tells."""

    @classmethod
    def of_message(cls, data: bytes) -> "LiveBatch":
        """Read the numbers of a published message. Raises BadFrame when it is not frames."""
        published_at = None
        if data.startswith(b": "):
            published_at, data = _time_and_frames(data)
        first = sequence_number_of(data)
        if not data.endswith(b"\n\n"):
            raise BadFrame(data[-40:])
        # Within a frame a blank line cannot occur: its JSON stands on one line.
        last = first + data.count(b"\n\n") - 1
        tail = Frame(last, data[data.rfind(b"\n\n", 0, -2) + 2 :] if last > first else data)
        return cls(first, last, data, tail.is_final, published_at)

    def joined(self, following: "LiveBatch") -> "LiveBatch":
        """Return this batch with the one whose numbers follow its own."""
        data = self.data + following.data
        published_at = self.published_at or following.published_at
        return LiveBatch(self.first, following.last, data, following.ends_stream, published_at)


def _time_and_frames(message: bytes) -> tuple[float, bytes]:
    time, _, data = message[2:].partition(b"\n")
    try:
        return float(time), data
    except ValueError:
        raise BadFrame(message[:40]) from None


class Follower:
    """A viewer's place in a stream: every frame is delivered once, in order, without a hole."""

    def __init__(self, cursor: int) -> None:
        """Start behind ``cursor``, the number of the last frame the viewer has (-1: none)."""
        self.cursor = cursor
        self.finished = False

    def take_logged(self, frames: Sequence[Frame]) -> bytes:
        """Return the bytes to deliver of frames read from the log: repeats and holes left out.

        Only a frame that retracts all before it may leave numbers out.
        """
        pieces = []
        for frame in frames:
            due = self.cursor + 1
            if frame.sequence_number == due or (frame.sequence_number > due and frame.retracts):
                pieces.append(frame.data)
                self.cursor = frame.sequence_number
                self.finished = frame.is_final
        return b"".join(pieces)

    def take_stored(self, stream: bytes) -> bytes:
        """Return the bytes to deliver of a finished stream (frames, joined), which is all there is.

        Behind it there is nothing more to come, wherever the cursor stands. Raises BadFrame.
        """
        data = self._cut(stream) if stream else b""
        if data is None:
            data = self.take_logged(list(split_frames(stream)))
        self.finished = True
        return data

    def _cut(self, stream: bytes) -> bytes | None:
        """Return what of a stream is behind the cursor; None when it must be told frame by frame.

        A long answer has tens of thousands of frames, and whoever reads one of them all holds up
        everybody else: usually they follow each other, and one search finds where to begin.
        """
        first, last = sequence_number_of(stream), last_frame(stream).sequence_number
        due = self.cursor + 1
        if last - first + 1 != stream.count(b"\n\n") or due < first:
            return None
        if due > last:
            return b""
        if due > first:
            end_of_earlier = stream.find(b"\n\nid: %d\n" % due)
            if end_of_earlier < 0:
                return None
            stream = stream[end_of_earlier + 2 :]
        self.cursor = last
        return stream

    def take_live(self, batch: LiveBatch) -> bytes | Hole:
        """Return the bytes to deliver of a live batch (none for a repeat), or say: a hole."""
        if batch.last <= self.cursor:
            return b""
        if batch.first > self.cursor + 1:
            return Hole.HOLE
        if batch.first <= self.cursor:
            return self.take_logged(list(split_frames(batch.data)))
        self.cursor = batch.last
        self.finished = batch.ends_stream
        return batch.data
