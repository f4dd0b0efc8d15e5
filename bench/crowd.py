"""A crowd of viewers in one process, as cheap as Python can make them: one epoll, no HTTP library.

``python -m bench.crowd HOST PORT`` reads a JSON list of paths, one for each viewer, from a line of
its input, and prints a line when every viewer has its first frame. The next line of input says how
many frames are due to them all; once they have come, it prints what they saw. A frame carries the
time when it was published, as ``" t=<ns>;"``.
"""

import json
import resource
import selectors
import socket
import sys
import time
from typing import Any, Final

_MARK: Final = b'" t='
_STOP_AFTER_SECONDS: Final = 60.0

_MOST_COMING: Final = 20
"""Viewers that wait for their first frame at a time: what is measured is not a rush."""


class Crowd:
    """Viewers of one server."""

    def __init__(self, host: str, port: int, paths: list[str]) -> None:
        """Connect them all, and wait until each has something of its stream's body."""
        self._selector = selectors.DefaultSelector()
        self._tails: dict[int, bytes] = {}
        self.frames = 0
        self.delays_ms: list[float] = []
        self._silent: set[int] = set()
        for path in paths:
            viewer = socket.create_connection((host, port), timeout=_STOP_AFTER_SECONDS)
            head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n"
            viewer.sendall(head.encode())
            viewer.setblocking(False)
            self._selector.register(viewer, selectors.EVENT_READ)
            self._tails[viewer.fileno()] = b""
            self._silent.add(viewer.fileno())
            self._wait_until_silent_are(_MOST_COMING)
        self._wait_until_silent_are(0)
        self.frames = 0
        self.delays_ms.clear()

    def _wait_until_silent_are(self, most: int) -> None:
        until = time.monotonic() + _STOP_AFTER_SECONDS
        while len(self._silent) > most and time.monotonic() < until:
            self.look(0.1)

    def look_until_seen(self, frames: int) -> None:
        """Read on until so many frames were seen, and what has come beside them."""
        until = time.monotonic() + _STOP_AFTER_SECONDS
        while self.frames < frames and time.monotonic() < until:
            self.look(0.1)
        self.look(0.05)

    @property
    def silent(self) -> int:
        """How many viewers have seen nothing of their stream yet."""
        return len(self._silent)

    def look(self, seconds: float) -> None:
        """Read what has come."""
        for key, _ in self._selector.select(seconds):
            viewer: Any = key.fileobj
            try:
                data = viewer.recv(262_144)
            except OSError:
                data = b""
            if not data:
                self._selector.unregister(viewer)
                viewer.close()
                continue
            self._read(key.fd, data)

    def _read(self, viewer: int, data: bytes) -> None:
        joined = self._tails[viewer] + data
        self._tails[viewer] = data[-1:]
        # A reply's head ends with "\r\n\r\n"; only frames have "\n\n".
        if b"\n\n" in joined:
            self._silent.discard(viewer)
        self.frames += joined.count(b"\n\n")
        at = data.rfind(_MARK)
        if at >= 0 and (end := data.find(b";", at)) > 0:
            published = int(data[at + len(_MARK) : end])
            self.delays_ms.append((time.monotonic_ns() - published) / 1e6)


def main() -> None:
    """Watch until told to stop."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(sys.argv[1], int(sys.argv[2]), json.loads(sys.stdin.readline()))
    print(json.dumps({"silent": crowd.silent}), flush=True)
    with selectors.DefaultSelector() as told:
        told.register(sys.stdin, selectors.EVENT_READ)
        while not told.select(0):
            crowd.look(0.05)
    crowd.look_until_seen(frames=int(sys.stdin.readline()))
    delays = crowd.delays_ms
    print(json.dumps({"frames": crowd.frames, "delays_ms": delays[:: len(delays) // 5000 + 1]}))


if __name__ == "__main__":
    main()
