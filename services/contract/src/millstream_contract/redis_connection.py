"""Redis clients with limits: no call may block for ever on a server that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis import BlockingConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from millstream_contract.errors import LogUnavailable

_GREETING_SECONDS: Final = 5.0


def redis_client(
    url: str,
    *,
    timeout_seconds: float,
    connect_timeout_seconds: float = 1.0,
    most_connections: int = 50,
) -> "Redis":
    """Return a client with a pool of its own; make it after fork.

    url: redis:// or rediss://, Redis 7+ or Valkey 8+.
    timeout_seconds: the longest that one reply may take; then ``redis.TimeoutError``.
    most_connections: who finds all of them in use waits up to ``timeout_seconds`` for one; then
    ``redis.ConnectionError``.
    A broken connection is retried once at once (it may be one that the server closed while
    idle); what to do about an outage is for the caller to decide.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=most_connections,
        timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=connect_timeout_seconds,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=10,
    )
    return Redis.from_pool(pool)


def client_of_one_connection(client: Redis) -> "Redis":
    """Return a client that keeps one connection of this one's pool until it is closed.

    For who sends much: finding a connection in the pool, and asking whether the server is still at
    its other end, takes as long as a short command. One that breaks is made anew, as in the pool.
    Commands go over it one at a time, from any thread. Close it when none is under way, or two get
    the connection. Pipelines and subscriptions take others, from the pool.

    Raises RedisError when no connection can be had.
    """
    return Redis(connection_pool=client.connection_pool, single_connection_client=True)


def subscriber_client(url: str, *, connect_timeout_seconds: float = 1.0) -> "Redis":
    """Return a client for one pub/sub connection.

    It never reconnects by itself: a hidden reconnect would lose what was published meanwhile,
    and its owner must know, in order to read the log again. A server that does not greet it is
    given up; whether one is still there later is for its owner to ask, by a ping.
    """
    return Redis.from_url(
        url,
        # For the greeting and for sending; get_message() brings its own for what is awaited.
        socket_timeout=_GREETING_SECONDS,
        socket_connect_timeout=connect_timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        socket_keepalive=True,
    )


@contextmanager
def redis_answers() -> Iterator[None]:
    """Raise LogUnavailable for whatever goes wrong with Redis within."""
    try:
        yield
    except RedisError as error:
        raise LogUnavailable(str(error)) from error
