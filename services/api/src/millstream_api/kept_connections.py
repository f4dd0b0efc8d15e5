"""Connections that are kept for a client's next request; a process that ends lets them go.

gunicorn would wait for each until its time is over, and the end of the process with it.
"""

import os
import socket
from _socket import socket as plain_socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass

import gevent


@dataclass(slots=True)
class _Connection:
    client: socket.socket
    waits: bool = False
    has_asked: bool = False


class KeptConnections:
    """The open connections of a process, each served by a greenlet of its own."""

    def __init__(self) -> None:
        self._open: dict[object, _Connection] = {}
        self._going = False

    @contextmanager
    def serving(self, client: socket.socket) -> Iterator[None]:
        """Within the block, the current greenlet serves this client."""
        me = gevent.getcurrent()
        self._open[me] = _Connection(client)
        try:
            yield
        finally:
            del self._open[me]

    @contextmanager
    def waiting(self, patience: AbstractContextManager[object]) -> Iterator[None]:
        """Within the block, the current greenlet waits for a request of its client.

        patience: ends the block silently when it is over.
        """
        connection = self._open[gevent.getcurrent()]
        connection.waits = True
        if self._going:
            _let_go(connection)
        try:
            with patience:
                yield
        finally:
            connection.waits, connection.has_asked = False, True

    def let_go(self) -> None:
        """End the waiting for further requests, now and from now on.

        A request that has come already is still heard, and so is the first one of a new connection,
        which is on its way.
        """
        self._going = True
        for connection in self._open.values():
            if connection.waits:
                _let_go(connection)


def _let_go(connection: _Connection) -> None:
    if not connection.has_asked:
        return
    # What has come can still be read; behind it is the end, as if the client had closed. Not by the
    # socket itself: gevent's would make an error of it for the greenlet that waits.
    with (
        suppress(OSError),
        closing(plain_socket(fileno=os.dup(connection.client.fileno()))) as same,
    ):
        same.shutdown(socket.SHUT_RD)
