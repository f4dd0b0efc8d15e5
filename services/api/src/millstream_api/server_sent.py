"""A stream of frames as an HTTP response."""

import ssl
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, Final

from flask import Response

from millstream_api.observing.traces import relaying
from millstream_api.relay import ClientConnection, OnClose, Streamer, Translate
from millstream_contract.frames import is_aside

_TYPE: Final = "text/event-stream; charset=utf-8"
_HEADERS: Final = {
    "Cache-Control": "no-cache, no-transform",
    # nginx and others buffer a proxied response unless told not to.
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class View:
    """What a viewer wants to see.

    known: frames directly behind the cursor that the caller has already.
    may_be_final: the response may have ended, and its log be gone.
    on_close, translate: see relay/ends.py.
    traceparent: the trace that the response belongs to.
    """

    response_id: str
    cursor: int = -1
    known: bytes = b""
    may_be_final: bool = True
    on_close: OnClose | None = None
    translate: Translate | None = None
    traceparent: str | None = None


def event_stream(frames: Iterable[bytes]) -> Response:
    """Return a ``text/event-stream`` of these bytes. It holds a greenlet as long as it is open."""
    return Response(frames, content_type=_TYPE, headers=_HEADERS)


def viewer_stream(streamer: Streamer, view: View) -> Response:
    """Return the ``text/event-stream`` of a viewer."""
    on_close = relaying(streamer.tracing, view.traceparent, view.on_close)
    return _ViewerStream(streamer, replace(view, on_close=on_close))


class _ViewerStream(Response):
    """A response that takes its connection over from gunicorn.

    Elsewhere (under Flask's test client, behind TLS of gunicorn's own) it is iterated over.
    """

    def __init__(self, streamer: Streamer, view: View) -> None:
        super().__init__(_pulled(streamer, view), content_type=_TYPE, headers=_HEADERS)
        self._streamer = streamer
        self._view = view

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        taken = environ.get("gunicorn.socket")
        if taken is None or isinstance(taken, ssl.SSLSocket) or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        chunked = environ["SERVER_PROTOCOL"] != "HTTP/1.0"
        streamer, view = self._streamer, self._view
        manner = streamer.manner(chunked=chunked, on_close=view.on_close, translate=view.translate)
        connection = ClientConnection(taken, send_seconds=manner.patience_seconds)
        streamer.serve(
            view.response_id,
            view.cursor,
            connection,
            manner,
            head=self._head(environ, chunked=chunked),
            known=view.known,
            may_be_final=view.may_be_final,
        )
        # gunicorn's sign that nothing is left to be done; it closes its end of the connection.
        raise StopIteration

    def _head(self, environ: dict[str, Any], *, chunked: bool) -> bytes:
        headers = self.get_wsgi_headers(environ)
        headers["Date"] = formatdate(usegmt=True)
        headers["Connection"] = "close"
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _pulled(streamer: Streamer, view: View) -> Generator[bytes, None, None]:
    """Yield what the viewer gets, for a server whose connections cannot be taken over."""
    pieces = streamer.stream(view.response_id, view.cursor, view.on_close)
    if view.translate is None:
        yield from pieces
        return
    with closing(pieces):
        for piece in pieces:
            if not is_aside(piece) and (translated := view.translate(piece)):
                yield translated
