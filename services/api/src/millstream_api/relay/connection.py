"""A client's connection, taken over from the web server: written to and watched without a greenlet.

The server would hold a greenlet, and all it knows of the request, for as long as the stream is
open: some 30 KB for each viewer, and a switch of greenlets for each frame.
"""

import os
import socket
import time
from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent.event import Event

_READ: Final = 1
_WRITE: Final = 2
_MOST_READ_BYTES: Final = 65_536


class ConnectionGone(Exception):
    """The client closed the connection, or has read nothing for longer than it may."""


class ClientConnection:
    """The write end of a stream; close it.

    It owns a descriptor of its own: whoever took the request may close theirs.
    """

    __slots__ = ("_descriptor", "_in_a_hurry", "_watcher", "_writable")

    def __init__(self, taken: socket.socket, *, send_seconds: float) -> None:
        """Take over; a client that reads nothing for ``send_seconds`` is gone."""
        _bound_silence(taken, send_seconds)
        self._descriptor = os.dup(taken.fileno())
        self._watcher: Any = None
        self._writable: Event | None = None
        self._in_a_hurry = False

    def watch(self, on_gone: Callable[[], None]) -> None:
        """Call ``on_gone`` (it must not block) when the client closes the connection."""
        self._watcher = gevent.get_hub().loop.io(self._descriptor, _READ)
        self._watcher.start(self._look, on_gone)

    def write(self, data: bytes) -> int:
        """Send what goes out at once; return how many bytes did. Raises ConnectionGone."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise ConnectionGone(str(error)) from error

    def send(self, data: bytes, patience_seconds: float) -> None:
        """Send everything, waiting up to ``patience_seconds`` for each byte.

        Raises ConnectionGone, also when ``hurry`` was called and it would have to wait.
        """
        rest = memoryview(data)
        give_up_at = time.monotonic() + patience_seconds
        while rest:
            sent = self.write(rest)  # type: ignore[arg-type]  # any buffer will do
            if sent:
                rest = rest[sent:]
                give_up_at = time.monotonic() + patience_seconds
            elif self._in_a_hurry or not self._wait_until_writable(give_up_at - time.monotonic()):
                raise ConnectionGone(f"nothing was read for {patience_seconds:g} s")

    def hurry(self) -> None:
        """Wait no more, from now on."""
        self._in_a_hurry = True
        if self._writable is not None:
            self._writable.set()

    def close(self) -> None:
        """Close the connection. Nobody may be in ``send``."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _look(self, on_gone: Callable[[], None]) -> None:
        try:
            # What a client may still send is of no interest: its connection ends with this stream.
            is_open = bool(os.read(self._descriptor, _MOST_READ_BYTES))
        except BlockingIOError:
            return
        except OSError:
            is_open = False
        if not is_open:
            self._watcher.stop()
            on_gone()

    def _wait_until_writable(self, seconds: float) -> bool:
        if seconds <= 0:
            return False
        self._writable = Event()
        watcher = gevent.get_hub().loop.io(self._descriptor, _WRITE)
        watcher.start(self._writable.set)
        try:
            return bool(self._writable.wait(seconds))
        finally:
            watcher.stop()
            watcher.close()
            self._writable = None


def _bound_silence(taken: socket.socket, seconds: float) -> None:
    # A host that vanished acknowledges nothing, and the kernel would go on for a quarter of an
    # hour, as long as what is sent to it fits into its buffer.
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and taken.family in (socket.AF_INET, socket.AF_INET6):
        taken.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))
