"""Ports of the loopback for servers that cannot say which one they took.

A server may bind its port many seconds after it was given it: until then, and until it starts
again, neither a connection that goes out nor another test process may take it.
"""

import socket
from collections import deque
from random import SystemRandom

_PORTS = range(15_000, 32_000)
"""Below those that the kernel gives to connections that go out (from 32768 on)."""
_MOST_RESERVED = 200
"""So many of the latest are kept reserved: each is an open file."""

_chance = SystemRandom()
_reserved: deque[socket.socket] = deque()


def free_port() -> int:
    """Give a port of 127.0.0.1 that is free, and that no other test process is given meanwhile."""
    while True:
        port = _chance.choice(_PORTS)
        if reservation := reserved(port):
            _reserved.append(reservation)
            if len(_reserved) > _MOST_RESERVED:
                _reserved.popleft().close()
            return port


def reserved(port: int) -> socket.socket | None:
    """Reserve a port; None when somebody listens on it, or has it reserved.

    The reservation is the port's namesake of UDP, which no server here uses: it ends when it is
    closed, or with its process.
    """
    reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        reservation.bind(("127.0.0.1", port))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        reservation.close()
        return None
    return reservation


def accepts(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
