"""A connection to Redis that only subscribes, read in bulk.

redis-py makes the connection (TLS, login); its own PubSub takes one message at a time, at ten times
the price, and cannot tell that more have come with it, which could go out in one send.
"""

from collections.abc import Iterator
from typing import Any, Final

import hiredis
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

_READ_BYTES: Final = 65_536


class Subscription:
    """One connection; a greenlet may receive while another sends."""

    def __init__(self, client: Redis, *, silence_seconds: float) -> None:
        """Connect. Raises RedisError or OSError."""
        self._client = client
        self._connection: Any = client.connection_pool.get_connection()
        self._reader = hiredis.Reader()
        # No public way leads to the socket; a test holds this one.
        sock: Any = self._connection._sock
        sock.settimeout(silence_seconds)
        self._socket = sock

    def subscribe(self, *channels: str) -> None:
        """Ask to hear channels; each is confirmed."""
        self._connection.send_command("SUBSCRIBE", *channels, check_health=False)

    def unsubscribe(self, channel: str) -> None:
        """Ask to hear a channel no more."""
        self._connection.send_command("UNSUBSCRIBE", channel, check_health=False)

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._connection.send_command("PING", check_health=False)

    def receive(self) -> Iterator[list[Any]]:
        """Wait for something to come, and yield all that has: (kind, channel, data or count).

        Raises TimeoutError after the longest silence, RedisError or OSError when it is broken.
        """
        data = self._socket.recv(_READ_BYTES)
        if not data:
            raise RedisConnectionError("Redis closed the subscription")
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            if isinstance(reply, Exception):
                raise RedisConnectionError(f"Redis refused: {reply}")
            # Anything else is a reply to a ping.
            if isinstance(reply, list) and len(reply) == 3:
                yield reply

    def close(self) -> None:
        """Close the connection."""
        self._connection.disconnect()
        self._client.close()
