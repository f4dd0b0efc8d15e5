"""HTTP/1.1 on a socket of its own per request: little of the time goes into the generator.

Under locust the sockets are gevent's. A reply is read as it comes, without a buffer in between, so
that the moment a frame is seen is the moment it arrived.
"""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.load.http_body import Body

_READ_BYTES = 65_536
_CONNECT_SECONDS = 10.0


_PASSING = frozenset({409, 429, 500, 502, 503, 504})


class Refused(Exception):
    """A reply that is not a 200."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text[:200]}")
        self.may_pass = status in _PASSING
        """Whether the same request may succeed a little later."""


@dataclass(frozen=True)
class Address:
    """Where requests go, and what each of them carries."""

    host: str
    port: int
    tls: bool = False
    path: str = ""
    headers: Mapping[str, str] | None = None

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str] | None = None) -> "Address":
        """Read a base URL. Raises ValueError for one that is not http:// or https://."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"the host must be http:// or https:// and a name, not {url!r}")
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        return cls(parts.hostname, port, tls, parts.path.rstrip("/"), headers)

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Return the bytes of a request."""
        every = {
            "Host": f"{self.host}:{self.port}",
            "Connection": "close",
            **(self.headers or {}),
            **headers,
        }
        if body:
            every |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{method} {self.path}{path} HTTP/1.1", *(f"{k}: {v}" for k, v in every.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def connect(self, receive_buffer_bytes: int | None) -> socket.socket:
        """Connect; a small receive buffer makes the server see a slow reader."""
        if receive_buffer_bytes is None:
            connection = socket.create_connection((self.host, self.port), _CONNECT_SECONDS)
        else:
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            connection.settimeout(_CONNECT_SECONDS)
            connection.connect((self.host, self.port))
        connection.settimeout(None)
        if self.tls:
            return ssl.create_default_context().wrap_socket(connection, server_hostname=self.host)
        return connection


class Reply:
    """A reply whose head has come."""

    def __init__(self, connection: socket.socket) -> None:
        """Read the head. Raises OSError when the connection ends before."""
        self._connection = connection
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := connection.recv(_READ_BYTES)):
                raise ConnectionError("the connection ended before a reply")
            head += data
        head, _, rest = head.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(status.split(" ", 2)[1])
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self._body = Body(self.headers)
        self._first = self._body.feed(rest) if rest else b""

    def read(self, most_bytes: int = _READ_BYTES) -> bytes:
        """Return what has come, waiting for it; b"" at the end. Raises OSError on a break."""
        if self._first:
            data, self._first = self._first, b""
            return data
        while not self._body.finished:
            if not (data := self._connection.recv(most_bytes)):
                if self._body.ends_with_connection:
                    break
                raise ConnectionError("the connection broke in the middle of a reply")
            if data := self._body.feed(data):
                return data
        return b""

    def whole(self) -> bytes:
        """Return the whole body."""
        return b"".join(iter(self.read, b""))


@contextmanager
def request(
    address: Address,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    receive_buffer_bytes: int | None = None,
) -> Iterator[Reply]:
    """Make a request; lend its reply. Raises Refused unless it is a 200, OSError on a break."""
    content = json.dumps(body).encode() if body is not None else b""
    with closing(address.connect(receive_buffer_bytes)) as connection:
        connection.sendall(address.request(method, path, content, headers or {}))
        reply = Reply(connection)
        if reply.status != 200:
            raise Refused(reply.status, reply.whole().decode(errors="replace"))
        yield reply


def get_json(address: Address, path: str) -> Any:
    """Return the JSON at a path. Raises Refused, OSError."""
    with request(address, "GET", path) as reply:
        return json.loads(reply.whole())
