"""The chunked encoding of HTTP/1.1: one made for all viewers of a response."""

from typing import Final

LAST_CHUNK: Final = b"0\r\n\r\n"


def chunk_of(data: bytes) -> bytes:
    """Return ``data``, which must not be empty, as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
