"""A viewer as cheap as can be, so that what is measured is the server: a socket, and bytes."""

import json
import re
import socket
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

_DELTA: Final = b'"type":"response.output_text.delta"'
_RESPONSE: Final = re.compile(rb'"id":"(resp_\w+)"')
_SILENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Seen:
    """What one viewer saw. Times in microseconds of ``time.monotonic``.

    ended_at: when the last of the stream came.
    """

    asked_at: int
    deltas_at: list[int] = field(default_factory=list)
    response_id: str = ""
    ended_at: int = 0

    @property
    def first_token_ms(self) -> float:
        """From asking to the first token."""
        assert self.deltas_at, "no token came"
        return (self.deltas_at[0] - self.asked_at) / 1000


def ask(api_url: str, question: str) -> Seen:
    """Ask, and view the answer to its end; connecting counts."""
    *_, seen = asking(api_url, question)
    return seen


def asking(
    api_url: str, question: str, *, max_output_tokens: int | None = None
) -> Generator[Seen, None, None]:
    """Ask, and yield what was seen so far whenever something has come, to the end."""
    limit = {} if max_output_tokens is None else {"max_output_tokens": max_output_tokens}
    body = json.dumps({"input": question, "stream": True, **limit}).encode()
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return _viewing(api_url, f"POST /v1/responses HTTP/1.1\r\n{head}", body)


def reloading(api_url: str, response_id: str) -> Generator[Seen, None, None]:
    """View a response from its first event; yields as ``asking`` does."""
    return _viewing(api_url, f"GET /v1/responses/{response_id}?stream=true HTTP/1.1\r\n")


def _viewing(api_url: str, head: str, body: bytes = b"") -> Generator[Seen, None, None]:
    host, _, port = api_url.removeprefix("http://").partition(":")
    seen = Seen(_now_us())
    with socket.create_connection((host, int(port)), timeout=_SILENCE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(f"{head}Host: {host}:{port}\r\n\r\n".encode() + body)
        tail = b""
        while data := connection.recv(262_144):
            joined = tail + data
            seen.ended_at = _now_us()
            seen.deltas_at += [seen.ended_at] * (joined.count(_DELTA) - tail.count(_DELTA))
            if not seen.response_id and (found := _RESPONSE.search(joined)):
                seen.response_id = found[1].decode()
            tail = joined[-len(_DELTA) + 1 :]
            yield seen


def _now_us() -> int:
    return time.monotonic_ns() // 1000
