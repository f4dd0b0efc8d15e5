"""The frames of one attempt, all of them, and how far its log in Redis has them."""

from collections.abc import Sequence

from millstream_contract.events import Event
from millstream_contract.frames import Frame, encode_frame
from millstream_worker.answering.earlier_frames import Earlier


class AttemptFrames:
    """Numbers and encodes events. Who shares it between threads guards it by a lock."""

    def __init__(self, earlier: Earlier) -> None:
        """Begin with the frames before this attempt's own, of which the log may lack some."""
        self._frames = list(earlier.frames)
        self.first = earlier.first
        """The number of the first frame."""
        self.wanted = earlier.logged
        """The number of the frame that the log wants next."""

    @property
    def next_number(self) -> int:
        """The number of the frame that is not there yet."""
        return self.first + len(self._frames)

    @property
    def are_logged(self) -> bool:
        """True when the log has all frames."""
        return self.wanted == self.next_number

    def add(self, events: Sequence[Event]) -> None:
        """Add the frames of these events."""
        for event in events:
            self._frames.append(encode_frame(event, self.next_number))

    def unlogged(self, most: int) -> list[Frame]:
        """Return the first frames that the log lacks, up to ``most`` of them."""
        place = self.wanted - self.first
        return self._frames[place : place + most]

    def before(self, number: int) -> list[Frame]:
        """Return the frames with lower numbers."""
        return self._frames[: number - self.first]

    def data(self) -> bytes:
        """Return all frames, joined."""
        return b"".join(frame.data for frame in self._frames)
