"""gunicorn's gevent worker, with the one shape of errors also for what never becomes a request.

gunicorn refuses those by itself: as a page of HTML, and with a log line that quotes them. And the
end of this one waits for no connection that is only kept.
"""

import json
import socket
from contextlib import AbstractContextManager, suppress
from typing import Any, Final

import gevent
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.ggevent import GeventWorker

from millstream_api.errors import ApiError, crashed
from millstream_api.kept_connections import KeptConnections

_LINGER_SECONDS: Final = 0.5
_LINGER_READS: Final = 16

_REASONS: Final = {
    400: "Bad Request",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
}


class HttpWorker(GeventWorker):
    """Serves the API."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.kept = KeptConnections()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection, for as long as it is kept."""
        with self.kept.serving(client):
            super().handle(listener, client, addr)

    def timeout_ctx(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Bound the wait for a request."""
        # The types do not know of False: it ends the block silently.
        patience = gevent.Timeout(self.cfg.keepalive, False)  # type: ignore[arg-type]
        return self.kept.waiting(patience)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Refuse what cannot be served, and say so without quoting it."""
        error = refusal(exc)
        kind = type(exc).__name__
        if error.status == 500:
            self.log.error("a request crashed in the server: %s", kind)
        else:
            self.log.warning("answered %d to what is no request: %s", error.status, kind)
        with suppress(OSError):
            write_nonblock(client, as_http(error))
            _linger(client)


def _linger(client: socket.socket) -> None:
    """Read what still comes: closed over it, the connection is reset, and the answer lost."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(_LINGER_SECONDS)
    for _ in range(_LINGER_READS):
        if not client.recv(65_536):
            return


def refusal(exc: BaseException) -> ApiError:
    """Return the error for what gunicorn could not read as a request."""
    match exc:
        case LimitRequestLine():
            return ApiError(414, "The address of the request is too long.", code="uri_too_long")
        case LimitRequestHeaders():
            return ApiError(431, "The headers are too many, or too long.", code="headers_too_large")
        case ExpectationFailed():
            return ApiError(417, "Only Expect: 100-continue is known.", code="expectation_failed")
        case UnsupportedTransferCoding():
            message = "This transfer coding is not supported."
            return ApiError(501, message, code="unsupported_transfer_coding")
        case ParseException():
            return ApiError(400, "This is not an HTTP request.", code="invalid_request")
    return crashed()


def as_http(error: ApiError) -> bytes:
    """Return an error as a whole HTTP reply that ends the connection."""
    body = json.dumps(error.body()).encode()
    head = (
        f"HTTP/1.1 {error.status} {_REASONS[error.status]}",
        "Connection: close",
        "Content-Type: application/json",
        "X-Content-Type-Options: nosniff",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body
