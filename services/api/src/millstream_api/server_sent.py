"""A stream of frames as an HTTP response."""

import ssl
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, Final

from flask import Response

from millstream_api.relay import ClientConnection, OnClose, StreamEnd, Streamer, Translate
from millstream_api.relay.spans import relaying
from millstream_api.seats import Seat
from millstream_contract.frames import is_aside
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import FINAL_STATUSES
from millstream_contract.opening import opening_frames

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


def begun_view(row: ResponseRow, **wishes: Any) -> View:
    """Return the view from the start of a response, with what of it follows from its row alone.

    So the stream begins at once, however long its log takes to be read. wishes: as in View.
    """
    view = View(row.id, traceparent=row.traceparent, **wishes)
    if row.attempt > 0 or row.status in FINAL_STATUSES:
        return view
    opening = b"".join(frame.data for frame in opening_frames(row))
    return replace(view, known=opening, may_be_final=False)


def viewer_stream(streamer: Streamer, view: View, seat: Seat) -> Response:
    """Return the ``text/event-stream`` of a viewer, who leaves the seat at its end."""
    on_close = relaying(streamer.tracing, view.traceparent, view.on_close)
    seat.keep()
    return _ViewerStream(streamer, replace(view, on_close=on_close), seat)


class _ViewerStream(Response):
    """A response that takes its connection over from gunicorn.

    Elsewhere (under Flask's test client, behind TLS of gunicorn's own) it is iterated over.
    """

    def __init__(self, streamer: Streamer, view: View, seat: Seat) -> None:
        super().__init__(_pulled(streamer, view), content_type=_TYPE, headers=_HEADERS)
        self._streamer = streamer
        self._view = view
        self._seat = seat
        # Whoever iterates closes in the end; whoever takes the connection over does not.
        self.call_on_close(seat.leave)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        taken = environ.get("gunicorn.socket")
        if taken is None or isinstance(taken, ssl.SSLSocket) or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        try:
            self._take_over(taken, environ)
        except BaseException:
            self._seat.leave()
            raise
        # gunicorn's sign that nothing is left to be done; it closes its end of the connection.
        raise StopIteration

    def _take_over(self, taken: Any, environ: dict[str, Any]) -> None:
        chunked = environ["SERVER_PROTOCOL"] != "HTTP/1.0"
        streamer, view = self._streamer, self._view
        on_close = _leaving(self._seat, view.on_close)
        manner = streamer.manner(chunked=chunked, on_close=on_close, translate=view.translate)
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

    def _head(self, environ: dict[str, Any], *, chunked: bool) -> bytes:
        headers = self.get_wsgi_headers(environ)
        headers["Date"] = formatdate(usegmt=True)
        headers["Connection"] = "close"
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _leaving(seat: Seat, then: OnClose | None) -> OnClose:
    def on_close(response_id: str, end: StreamEnd) -> None:
        seat.leave()
        if then is not None:
            then(response_id, end)

    return on_close


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
