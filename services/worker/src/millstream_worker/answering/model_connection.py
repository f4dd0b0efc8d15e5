"""The connection that carries one request to the model, so that a stop can end it from outside.

A thread that waits for the model's next token sits in recv(); closing the response from another
thread does not wake it, shutting the socket down does, in a millisecond. httpx tells of its
sockets through two documented places: a request hook, and the "trace" extension.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from millstream_worker.answering.lone_connections import LoneConnections


class ModelConnection:
    """The socket of one request, from the moment it exists. Safe to shut from any thread."""

    def __init__(self, on_sent: Callable[[], None] | None = None) -> None:
        """``on_sent`` is called by the thread that sends the request, when it has."""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_shut = False
        self._on_sent = on_sent

    def shut(self) -> None:
        """End the connection: whoever reads from it wakes up with an error."""
        with self._lock:
            self._is_shut = True
            self._shut_socket()

    def opened(self, opened: socket.socket) -> None:
        """Note the socket (TLS wraps it in another, which replaces it)."""
        with self._lock:
            self._socket = opened
            if self._is_shut:
                self._shut_socket()

    def sent(self) -> None:
        """Note that the whole request has been sent, or will not be."""
        on_sent, self._on_sent = self._on_sent, None
        if on_sent is not None:
            on_sent()

    def _shut_socket(self) -> None:
        # A socket that is closed already is what was wanted.
        with contextlib.suppress(OSError):
            if self._socket is not None:
                # Not SSLSocket's own shutdown, which would pull its state from under the reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class ConnectionHook:
    """Makes the requests of an httpx client known to the thread that sends them."""

    def __init__(self, client: httpx.Client, connect_seconds: float) -> None:
        """Hook into ``client``; its connections must be made within ``connect_seconds``."""
        self._connect_seconds = connect_seconds
        # No public way changes it; a test holds this one. A proxy's transport stays as it is.
        client._transport = LoneConnections()
        self._here = threading.local()
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "request": [*hooks.get("request", []), self._on_request]}

    @contextlib.contextmanager
    def watching(self, connection: ModelConnection) -> Iterator[None]:
        """Within the block, requests of this thread are ``connection``."""
        self._here.connection = connection
        try:
            yield
        finally:
            self._here.connection = None

    def _on_request(self, request: httpx.Request) -> None:
        timeouts = dict(request.extensions.get("timeout", {}))
        request.extensions["timeout"] = {**timeouts, "connect": self._connect_seconds}
        # A connection of its own for each request (streams are not reused in any case): only
        # a new one tells its socket before the reply's headers.
        request.headers["Connection"] = "close"
        connection = getattr(self._here, "connection", None)
        if connection is not None:
            request.extensions["trace"] = _Trace(connection)


class _Trace:
    def __init__(self, connection: ModelConnection) -> None:
        self._connection = connection

    def __call__(self, event: str, details: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._connection.opened(details["return_value"].get_extra_info("socket"))
        elif event.endswith("send_request_body.complete"):
            self._connection.sent()
