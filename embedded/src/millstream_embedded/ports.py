"""Ports of the loopback: the public ones must be free, the internal ones are chosen free."""

import errno
import random
import socket

from millstream_embedded.errors import CannotRun

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes ports for outgoing connections: a part that is
# started again must find its port free.
_CHOICE = range(20_000, 32_000)


def refuse_taken_port(port: int, variable: str) -> None:
    """Raise CannotRun when something listens on this port already."""
    reason = _why_not(port)
    if reason == errno.EADDRINUSE:
        raise CannotRun(f"port {port} is taken by another program: free it, or set {variable}")
    if reason is not None:
        raise CannotRun(f"port {port} cannot be used ({errno.errorcode[reason]}): set {variable}")


def choose_free_port(taken: set[int]) -> int:
    """Return a free port that is none of these, and add it to them."""
    for port in random.sample(_CHOICE, len(_CHOICE)):
        if port not in taken and _why_not(port) is None:
            taken.add(port)
            return port
    raise CannotRun(f"no port from {_CHOICE.start} to {_CHOICE.stop - 1} is free")


def _why_not(port: int) -> int | None:
    with socket.socket() as probe:
        # as the servers do: a port in TIME_WAIT is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno
    return None
