"""The body of one HTTP/1.1 reply, taken out of its transfer coding as its bytes come in."""

from collections.abc import Mapping


class Body:
    """Feed it what the connection gives; what comes out is the body. Pure."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Read a body as these headers (names in lower case) frame it."""
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        length = headers.get("content-length")
        self._left = 0 if self._chunked else int(length) if length is not None else -1
        """Bytes that are to come of the chunk, or of the whole; -1: until the connection ends."""
        self._head = b""
        self._in_chunk = False
        self.finished = self._left == 0 and not self._chunked

    @property
    def ends_with_connection(self) -> bool:
        """Whether the end of the connection is the end of the body, and no break."""
        return self.finished or self._left < 0

    def feed(self, data: bytes) -> bytes:
        """Return what these bytes add to the body."""
        if self._chunked:
            return self._feed_chunked(data)
        if self._left >= 0:
            self._left -= len(data)
            self.finished = self._left <= 0
        return data

    def _feed_chunked(self, data: bytes) -> bytes:
        data = self._head + data
        pieces, at = [], 0
        while True:
            if self._in_chunk:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._in_chunk = False
            # The line break that closes a chunk opens the next size.
            start = at + 2 if data.startswith(b"\r\n", at) else at
            end = data.find(b"\r\n", start)
            if end < 0:
                break
            self._left = int(data[start:end].partition(b";")[0], 16)
            at = end + 2
            if self._left == 0:
                self.finished = True
                break
            self._in_chunk = True
        self._head = data[at:]
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]
