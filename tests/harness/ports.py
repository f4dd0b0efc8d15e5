"""Ports of the loopback for servers that cannot say which one they took."""

import socket

_given: set[int] = set()


def free_port() -> int:
    """Give a port of 127.0.0.1 that was free just now, and that no other test here was given."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def accepts(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
