"""A relay on Starlette and uvicorn: one Redis subscription for all, a queue for each viewer.

``python -m bench.relays.starlette_shared PORT REDIS_URL``; ``GET /<channel>`` streams a channel.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route


class Relay:
    """Hands what Redis publishes to the queues of the viewers."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url)
        self._pubsub = self._redis.pubsub()
        self._queues: defaultdict[bytes, set[asyncio.Queue[bytes]]] = defaultdict(set)

    async def subscribe(self) -> None:
        """Hear everything from now on. Raises RedisError."""
        await self._pubsub.psubscribe("*")
        await self._pubsub.get_message(timeout=None)

    async def listen(self) -> None:
        """Hand out what is heard."""
        async for message in self._pubsub.listen():
            if message["type"] == "pmessage":
                for queue in self._queues.get(message["channel"], ()):
                    queue.put_nowait(message["data"])

    async def stream(self, request: Request) -> StreamingResponse:
        """Stream one channel."""
        return StreamingResponse(
            self._frames(request.path_params["channel"].encode()), media_type="text/event-stream"
        )

    async def _frames(self, channel: bytes) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queues[channel].add(queue)
        try:
            yield b": open\n\n"
            while True:
                yield await queue.get()
        finally:
            self._queues[channel].discard(queue)


def create_app(redis_url: str) -> Starlette:
    """Return the application."""
    relay = Relay(redis_url)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await relay.subscribe()
        listening = asyncio.create_task(relay.listen())
        yield
        listening.cancel()

    return Starlette(routes=[Route("/{channel:path}", relay.stream)], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(
        create_app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
