"""A relay in the way of flask-sse: each viewer has a greenlet and a Redis subscription of its own.

``python -m bench.relays.redis_per_viewer PORT REDIS_URL``; ``GET /<channel>`` streams a channel.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from typing import Any  # noqa: E402

from flask import Flask, Response  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from redis import Redis  # noqa: E402


def create_app(redis_url: str) -> Flask:
    """Return the application."""
    app = Flask("redis_per_viewer", static_folder=None)
    redis = Redis.from_url(redis_url, max_connections=10_000)

    @app.get("/<path:channel>")
    def stream(channel: str) -> Response:
        def frames() -> Iterator[bytes]:
            with redis.pubsub() as pubsub:  # type: ignore[no-untyped-call]
                pubsub.subscribe(channel)
                for message in pubsub.listen():
                    if message["type"] == "subscribe":
                        yield b": open\n\n"
                    elif message["type"] == "message":
                        yield message["data"]

        return Response(frames(), content_type="text/event-stream")

    return app


class Server(BaseApplication):
    """gunicorn with one gevent worker, as our API runs."""

    def __init__(self, port: int, redis_url: str) -> None:
        self._port, self._redis_url = port, redis_url
        super().__init__()

    def load_config(self) -> None:
        """Serve on one port."""
        settings = {
            "bind": f"127.0.0.1:{self._port}",
            "worker_class": "gevent",
            "worker_connections": 5000,
            "graceful_timeout": 1,
            "loglevel": "critical",
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application."""
        return create_app(self._redis_url)


if __name__ == "__main__":
    Server(int(sys.argv[1]), sys.argv[2]).run()
