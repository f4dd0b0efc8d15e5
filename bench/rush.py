"""A rush: many clients that come at the same moment, each on a connection of its own.

``python -m bench.rush --viewers 1000 --answers 50`` lets viewers come back to one API process, to
answers that are being written, each behind another event; ``--by-key`` has them log in, by 100 API
keys; ``--asking`` lets each ask a question instead. It prints how many were served, and what that
took.
"""

import argparse
import json
import resource
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import psutil
from redis import Redis

from bench.answers import StandingAnswer
from bench.contestants import contestant
from bench.figures import percentile
from millstream_api.access.keys import key_digest, new_key
from millstream_api.identity import LOCAL_OWNER, owner_named
from millstream_contract.ledger import Ledger, open_pool
from tests.harness.postgres import PostgresServer
from tests.harness.services import migrate
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer

_HEAD_END: Final = b"\r\n\r\n"
_STOP_AFTER_SECONDS: Final = 120.0
_TOKENS: Final = 40
_OWNER: Final = owner_named("carol")
_KEYS: Final = 100
_GUARDED: Final = {
    "MILLSTREAM_AUTH_MODE": "proxy",
    "MILLSTREAM_PROXY_NETWORKS": "192.0.2.0/24",
    "MILLSTREAM_REQUESTS_PER_MINUTE": "1000000",
}
_ENDLESS: Final = {"MILLSTREAM_MAX_QUEUED": "1000000", "MILLSTREAM_MAX_WAIT_SECONDS": "1e9"}


@dataclass(slots=True, eq=False)
class Client:
    """One connection. Seconds count from the moment when all came."""

    connection: socket.socket
    request: bytes
    got: bytearray = field(default_factory=bytearray)
    first_frame_after: float | None = None
    is_closed: bool = False

    @property
    def status(self) -> int | None:
        """What it was answered with; None while there is no answer."""
        return int(self.got[9:12]) if _HEAD_END in self.got else None

    @property
    def body(self) -> bytes:
        """What has come of the body; HTTP/1.0 knows no chunks."""
        return bytes(self.got).partition(_HEAD_END)[2]


class Rush:
    """Clients of one server that come at once; close it."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        """Send all these requests, and read nothing yet."""
        _allow_many_files()
        self._selector = selectors.DefaultSelector()
        self.clients = [Client(_connecting(port), request) for request in requests]
        self._came_at = time.monotonic()
        for client in self.clients:
            self._selector.register(client.connection, selectors.EVENT_WRITE, client)

    def read_until(self, true: Callable[[Client], bool], seconds: float) -> None:
        """Read on until this holds for each client, or its connection ended, or time is over."""
        until = time.monotonic() + seconds
        waiting = {one for one in self.clients if not (true(one) or one.is_closed)}
        while waiting and time.monotonic() < until:
            for key, _ in self._selector.select(1):
                client: Client = key.data
                self._serve(client)
                if true(client) or client.is_closed:
                    waiting.discard(client)

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients:
            client.connection.close()
        self._selector.close()

    def _serve(self, client: Client) -> None:
        if client.request:
            client.connection.sendall(client.request)
            client.request = b""
            self._selector.modify(client.connection, selectors.EVENT_READ, client)
            return
        try:
            data = client.connection.recv(262_144)
        except OSError:
            data = b""
        client.got += data
        if not data:
            client.is_closed = True
            self._selector.unregister(client.connection)
        elif client.first_frame_after is None and b"\n\n" in client.body:
            client.first_frame_after = time.monotonic() - self._came_at


def viewing(path: str, *headers: str) -> bytes:
    """Return the request for a stream without chunks."""
    lines = (f"GET {path} HTTP/1.0", "Host: 127.0.0.1", *headers)
    return "\r\n".join([*lines, "", ""]).encode()


def asking(question: str) -> bytes:
    """Return the request to answer a question, as a stream without chunks."""
    body = json.dumps({"input": question, "stream": True, "background": True}).encode()
    head = "POST /v1/responses HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json"
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _connecting(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))
    return connection


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def measure(backends: Backends, requests: Sequence[bytes]) -> dict[str, Any]:
    """Let so many come at once, and return how they fared."""
    with contestant("millstream", backends) as api:
        # The first requests load what is loaded once.
        for _ in range(2):
            _rushed(api.port, requests[:5]).close()
        cpu = api.cpu_seconds()
        rush = _rushed(api.port, requests)
        cpu = api.cpu_seconds() - cpu
        times = [one.first_frame_after for one in rush.clients if one.first_frame_after is not None]
        statuses = Counter(str(one.status) for one in rush.clients)
        rush.close()
    return {
        "came": len(requests),
        "answered_with": dict(statuses),
        "first_frame_s_p50": round(percentile(times, 0.5), 2),
        "first_frame_s_last": round(max(times), 2),
        "api_cpu_ms_each": round(cpu / len(requests) * 1e3, 2),
    }


def _rushed(port: int, requests: Sequence[bytes]) -> Rush:
    rush = Rush(port, requests)
    rush.read_until(lambda one: one.first_frame_after is not None, _STOP_AFTER_SECONDS)
    return rush


def _come_back(backends: Backends, viewers: int, answers: int, *, by_key: bool) -> dict[str, Any]:
    with (
        open_pool(backends.database_url, size=2) as pool,
        Redis.from_url(backends.redis_url) as redis,
    ):
        ledger, owner = Ledger.of(pool), _OWNER if by_key else LOCAL_OWNER
        logins = [[f"Authorization: Bearer {key}"] for key in _keys(ledger)] if by_key else [[]]
        standing = [StandingAnswer(ledger, redis, owner) for _ in range(answers)]
        for answer in standing:
            for _ in range(_TOKENS):
                answer.say()
        paths = [
            f"{standing[number % answers].path}&starting_after={number // answers % _TOKENS}"
            for number in range(viewers)
        ]
        requests = [
            viewing(path, *logins[number % len(logins)]) for number, path in enumerate(paths)
        ]
        if by_key:
            backends = replace(backends, extra={**backends.extra, **_GUARDED})
        return measure(backends, requests)


def _keys(ledger: Ledger) -> list[str]:
    keys = [new_key() for _ in range(_KEYS)]
    for key in keys:
        ledger.keys.create(_OWNER, "", key_digest(key))
    return keys


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.rush", description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000, help="how many come at once")
    parser.add_argument("--answers", type=int, default=50, help="how many answers they view")
    parser.add_argument("--by-key", action="store_true", help="each viewer logs in by an API key")
    parser.add_argument("--asking", action="store_true", help="each asks a question of its own")
    options = parser.parse_args()
    with PostgresServer() as postgres, ValkeyServer() as valkey:
        database_url = postgres.url(postgres.create_database())
        migrate(database_url)
        nobody: Any = argparse.Namespace(url="http://127.0.0.1:1")
        backends = Backends(database_url, valkey.url(), nobody, _ENDLESS)
        if options.asking:
            questions = [asking(f"What is log {number}?") for number in range(options.viewers)]
            figures = measure(backends, questions)
        else:
            figures = _come_back(backends, options.viewers, options.answers, by_key=options.by_key)
    figures["load_of_the_machine"] = round(psutil.getloadavg()[0], 1)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
