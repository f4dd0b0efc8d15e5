"""A stream of frames as an HTTP response."""

from collections.abc import Iterator
from typing import Final

from flask import Response

_HEADERS: Final = {
    "Cache-Control": "no-cache, no-transform",
    # nginx and others buffer a proxied response unless told not to.
    "X-Accel-Buffering": "no",
}


def event_stream(frames: Iterator[bytes]) -> Response:
    """Return a ``text/event-stream`` of these bytes."""
    return Response(frames, content_type="text/event-stream; charset=utf-8", headers=_HEADERS)
