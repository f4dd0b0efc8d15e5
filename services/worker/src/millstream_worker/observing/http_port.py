"""The worker's HTTP port: ``/healthz``, ``/readyz``, ``/metrics``. Off unless a port is set.

The standard library's server is enough for a probe and a scrape, and adds no dependency.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST

from millstream_worker.observing.beat import Beat

logger = logging.getLogger(__name__)

_CLIENT_SECONDS: Final = 5.0
"""A client that sends or takes nothing this long is given up."""

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the port answers with.

    metrics: the text of all metrics. check: looks at what jobs need, see Service.check.
    """

    beat: Beat
    metrics: Callable[[], bytes]
    check: Callable[[], Mapping[str, str]]

    def to(self, path: str) -> tuple[int, str, bytes]:
        """Return status, content type and body for a path."""
        match path:
            case "/healthz":
                return self._health()
            case "/readyz":
                return self._readiness()
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, self.metrics()
        return _json(404, {"error": {"message": "/healthz, /readyz and /metrics are here."}})

    def _health(self) -> tuple[int, str, bytes]:
        alive = self.beat.is_alive
        silent = round(self.beat.silent_seconds(), 1)
        body = {"status": "ok" if alive else "stuck", "loop_silent_seconds": silent}
        return _json(200 if alive else 503, body)

    def _readiness(self) -> tuple[int, str, bytes]:
        takes_jobs = self.beat.is_ready and self.beat.is_alive
        checks = {"queue": "ok" if takes_jobs else "away", **self.check()}
        # A model that fails is told, but makes no worker unready: no restart would help it.
        ready = all(found == "ok" for name, found in checks.items() if name != "model")
        body = {"status": "ready" if ready else "unready", "checks": checks}
        return _json(200 if ready else 503, body)


class HttpPort:
    """Listens, on threads of its own, until closed."""

    def __init__(self, host: str, port: int, answers: Answers) -> None:
        """Bind. Raises OSError when the port is taken."""
        self._server = ThreadingHTTPServer((host, port), _handler(answers))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="http-port", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_SECONDS
        server_version = "millstream-worker"
        sys_version = ""

        def do_GET(self) -> None:
            try:
                status, kind, body = answers.to(self.path.partition("?")[0])
            except Exception:
                logger.exception("a probe could not be answered")
                status, kind, body = _json(500, {"status": "failed"})
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            logger.debug(format, *arguments)

    return Handler


def _json(status: int, body: Mapping[str, Any]) -> tuple[int, str, bytes]:
    return status, _JSON, json.dumps(body).encode()
