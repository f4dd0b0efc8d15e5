"""A viewer as cheap as can be, so that what is measured is the server: a socket, and bytes."""

import json
import socket
import time
from dataclasses import dataclass, field
from typing import Final

_DELTA: Final = b'"type":"response.output_text.delta"'


@dataclass(slots=True)
class Seen:
    """What one viewer saw. Times in microseconds of ``time.monotonic``."""

    asked_at: int
    deltas_at: list[int] = field(default_factory=list)

    @property
    def first_token_ms(self) -> float:
        """From asking to the first token."""
        assert self.deltas_at, "no token came"
        return (self.deltas_at[0] - self.asked_at) / 1000


def ask(api_url: str, question: str) -> Seen:
    """Ask, and view the answer to its end; connecting counts."""
    host, _, port = api_url.removeprefix("http://").partition(":")
    body = json.dumps({"input": question, "stream": True}).encode()
    head = (
        f"POST /v1/responses HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    seen = Seen(_now_us())
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head.encode() + body)
        tail = b""
        while data := connection.recv(262_144):
            joined = tail + data
            seen.deltas_at += [_now_us()] * (joined.count(_DELTA) - tail.count(_DELTA))
            tail = joined[-len(_DELTA) + 1 :]
    return seen


def _now_us() -> int:
    return time.monotonic_ns() // 1000
