"""What one viewer received of one answer: bytes and when they came, over all its connections.

Pure, and cheap while the answer runs: nothing is parsed before its end, so that looking at one
answer does not delay the bytes of another.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_DONE = b"data: [DONE]\n\n"
_RESPONSE_ID = re.compile(rb'"response":\{"id":"(resp_[^"]+)"')
_FRAME_ID = re.compile(rb"(?:\A|\n\n)id: (\d+)\n")


@dataclass
class Sighting:
    """The bytes of a stream, one list of pieces for each connection. Times in monotonic seconds."""

    start: int = -1
    """The cursor that the viewer came with."""
    connections: list[list[tuple[float, bytes]]] = field(default_factory=list)
    ended: bool = False
    """Whether the closing [DONE] was seen."""
    _tail: bytes = b""
    _response_id: str | None = None

    def connect(self) -> None:
        """Begin a connection; what was torn at the end of the last one does not count."""
        self.connections.append([])
        self._tail = b""

    def add(self, data: bytes, at: float) -> None:
        """Take in bytes of the connection that is open."""
        self.connections[-1].append((at, data))
        self._tail = (self._tail + data)[-len(_DONE) :]
        self.ended = self._tail == _DONE

    @property
    def response_id(self) -> str | None:
        """The id of the response, once the beginning of the stream has told it."""
        if self._response_id is None:
            for connection in self.connections:
                if found := _RESPONSE_ID.search(_bytes(connection)):
                    self._response_id = found[1].decode()
                    break
        return self._response_id

    @property
    def cursor(self) -> int:
        """The number of the last frame that came whole."""
        for connection in reversed(self.connections):
            if numbers := _FRAME_ID.findall(_whole(_bytes(connection))):
                return int(numbers[-1])
        return self.start

    @property
    def first_byte_at(self) -> float | None:
        """When the first bytes came."""
        return next((pieces[0][0] for pieces in self.connections if pieces), None)

    def whole_frames(self) -> Iterator[bytes]:
        """Yield, for each connection, its bytes up to its last whole frame."""
        for connection in self.connections:
            yield _whole(_bytes(connection))


def _bytes(pieces: list[tuple[float, bytes]]) -> bytes:
    return b"".join(data for _, data in pieces)


def _whole(data: bytes) -> bytes:
    return data[: data.rfind(b"\n\n") + 2]
