"""How a stream is sent: in chunks or not, as frames or as something else, with which patience."""

from dataclasses import dataclass

from millstream_api.relay.chunks import LAST_CHUNK, chunk_of
from millstream_api.relay.ends import OnClose, Translate
from millstream_contract.frames import DONE, is_aside


@dataclass(frozen=True, slots=True)
class Manner:
    """One for each stream that has wishes of its own; otherwise shared.

    keep_alive_seconds: the longest silence; then a comment goes out. patience_seconds: how long a
    client may read nothing while there is something to send. chunked: HTTP/1.0 knows no chunks.
    """

    keep_alive_seconds: float
    patience_seconds: float
    chunked: bool = True
    on_close: OnClose | None = None
    translate: Translate | None = None

    @property
    def is_plain(self) -> bool:
        """True when what is published can be sent as everybody gets it."""
        return self.chunked and self.translate is None

    @property
    def last_chunk(self) -> bytes:
        """What ends the body."""
        return LAST_CHUNK if self.chunked else b""

    def framed(self, data: bytes) -> bytes:
        """Return the bytes that carry these frames."""
        if self.translate is not None:
            # What is told beside the stream has no counterpart elsewhere.
            data = b"" if is_aside(data) else self.translate(data)
        return chunk_of(data) if data and self.chunked else data

    def ending(self) -> bytes:
        """Return the bytes that end a finished stream."""
        return self.framed(DONE) + self.last_chunk
