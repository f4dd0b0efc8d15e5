"""The viewers' side of HTTP: sessions, and which of the API's processes to turn to."""

import random
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import aiohttp

from tests.chaos.plans import ViewerKind

AWAY = (aiohttp.ClientError, OSError, TimeoutError)
"""What a request raises when the API, or the way to it, is away."""

_SILENCE_SECONDS = 20.0
_CONNECT_SECONDS = 3.0
_SMALL_BUFFER_BYTES = 2048
_SMALL_PACKET_BYTES = 536


class Web:
    """Makes requests to any of the API's processes. `replies` counts what was not a 200."""

    def __init__(self, urls: Sequence[str], chance: random.Random) -> None:
        self._urls = urls
        self._chance = chance
        self.replies: Counter[int] = Counter()
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS
        )
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=0, force_close=True)
        )
        self._slow_session = aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=0, force_close=True, socket_factory=_small_socket),
            read_bufsize=_SMALL_BUFFER_BYTES,
        )

    def session(self, kind: ViewerKind) -> aiohttp.ClientSession:
        """Give the session of a kind of viewer."""
        return self._slow_session if kind is ViewerKind.SLOW else self._session

    def url(self, path: str) -> str:
        """Give the address of a path at any one of the processes."""
        return self._chance.choice(self._urls) + path

    async def post(self, path: str, **request: Any) -> dict[str, Any] | None:
        """Post; give the JSON of a 200, None for anything else. Raises what is in AWAY."""
        async with self._session.post(self.url(path), **request) as reply:
            if self.accepted(reply):
                body: dict[str, Any] = await reply.json()
                return body
            return None

    def accepted(self, reply: aiohttp.ClientResponse) -> bool:
        """Whether a reply is a 200; count it when it is not."""
        if reply.status == 200:
            return True
        self.replies[reply.status] += 1
        return False

    async def __aenter__(self) -> Self:
        """Give the open sessions."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        await self._session.close()
        await self._slow_session.close()


def _small_socket(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    connection = socket.socket(family, kind, protocol)
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER_BYTES)
    with suppress(OSError):  # not every system lets a client choose it
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SMALL_PACKET_BYTES)
    return connection
