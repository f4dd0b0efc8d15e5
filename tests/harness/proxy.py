"""A TCP proxy between two processes, with which a test cuts the network between just these two."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

from tests.harness.deadlines import scaled
from tests.harness.ports import free_port

T = TypeVar("T")
_CHUNK = 65_536
_HANDSHAKE_SECONDS = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Forwards connections to a port of the loopback, by a thread of its own.

    tls: clients speak TLS to it, and it speaks none to the server behind it.
    reply_seconds: what the server sends arrives so much later, as from far away.
    """

    def __init__(
        self, target_port: int, tls: ssl.SSLContext | None = None, *, reply_seconds: float = 0.0
    ) -> None:
        self.port = free_port()
        self._target = target_port
        self._tls = tls
        self._reply_seconds = reply_seconds
        self._links: set[asyncio.StreamWriter] = set()
        self._flows: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"proxy {self.port}", daemon=True
        )
        self._thread.start()
        self._call(self._prepare())
        self._call(self._listen())

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._call(self._cut())

    def stall(self) -> None:
        """Forward nothing; connections stay open and new ones are accepted, as when packets drop.

        What is sent meanwhile arrives after `restore`.
        """
        self._call(self._stall())

    def restore(self) -> None:
        """Forward again."""
        self._call(self._restore())

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._flows) // 2

    def close(self) -> None:
        """Cut, and end the thread."""
        self.cut()
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        """Give the open proxy."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(scaled(10))

    async def _prepare(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._accept,
            "127.0.0.1",
            self.port,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
        )

    async def _cut(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            for listening in server.sockets:
                self._loop.remove_reader(listening.fileno())
            # asyncio loses the sockets that it has accepted and not made a connection of yet.
            await asyncio.sleep(0)
            server.close()
        for link in list(self._links):
            _reset(link)
        self._flowing.set()  # who stalls finds its connection gone

    async def _stall(self) -> None:
        self._flowing.clear()

    async def _restore(self) -> None:
        self._flowing.set()
        if self._server is None:
            await self._listen()

    async def _end(self) -> None:
        # One that was being accepted when the cut came makes itself known only now.
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for link in list(self._links):
                _reset(link)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(writer)
            self._links.discard(writer)
            return
        self._links.add(far_writer)
        ways = (reader, far_writer, 0.0), (far_reader, writer, self._reply_seconds)
        for source, sink, late_seconds in ways:
            flow = asyncio.create_task(self._flow(source, sink, late_seconds))
            self._flows.add(flow)
            flow.add_done_callback(self._flows.discard)

    async def _flow(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, late_seconds: float
    ) -> None:
        # Either end may go at any moment: that is what a proxy is between.
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                if late_seconds:
                    await asyncio.sleep(late_seconds)
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
        with suppress(OSError):
            # Until then it is there to be cut.
            await sink.wait_closed()
        self._links.discard(sink)


def _reset(link: asyncio.StreamWriter) -> None:
    raw: socket.socket | None = link.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    link.transport.abort()
