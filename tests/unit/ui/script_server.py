"""Serves the page's scripts to a browser, and streams that break as a test tells them to.

It stands for the network between page and API, not for the API: what it sends are recordings.

GET  /assets/...                    the page's own files
GET  /js/...                        the tests
GET  /recordings/<name>             the events of a recording, as a JSON list
POST /plans {"recording", "connections": [...]}   -> {"id"}: how each connection goes, see `_Stream`
GET  /plans/<id>/stream?starting_after=n          the next connection
GET  /plans/<id>/cursors            the cursors that were asked for, in order
GET  /plans/<id>/response           the final response
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from millstream_contract.frames import DONE, decode_event
from tests.unit.ui import recordings

_TYPES = {".js": "text/javascript", ".json": "application/json", ".html": "text/html"}
_TESTS = Path(__file__).parent / "js"


@dataclass
class _Plan:
    recording: str
    connections: list[dict[str, Any]]
    cursors: list[int] = field(default_factory=list)

    def next_connection(self, cursor: int) -> dict[str, Any]:
        self.cursors.append(cursor)
        return self.connections.pop(0) if self.connections else {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, assets: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.assets = assets
        self.plans: list[_Plan] = []
        self.closing = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.plans.append(_Plan(body["recording"], body["connections"]))
        self._json({"id": len(self.server.plans) - 1})

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case [""]:
                self._send(b"<!DOCTYPE html><title>tests</title>", ".html")
            case ["assets", *parts]:
                self._file(self.server.assets, parts)
            case ["js", *parts]:
                self._file(_TESTS, parts)
            case ["recordings", name]:
                self._json([decode_event(frame) for frame in recordings.frames(name)])
            case ["plans", number, what]:
                query = parse_qs(url.query)
                cursor = int(query.get("starting_after", ["-1"])[0])
                self._plan(self.server.plans[int(number)], what, cursor)
            case _:
                self.send_error(404)

    def _plan(self, plan: _Plan, what: str, cursor: int) -> None:
        if what == "stream":
            _Stream(self, plan).send(plan.next_connection(cursor), cursor)
        elif what == "cursors":
            self._json(plan.cursors)
        else:
            self._json(recordings.final_response(plan.recording))

    def _file(self, folder: Path, parts: list[str]) -> None:
        path = folder.joinpath(*parts).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            self.send_error(404)
            return
        self._send(path.read_bytes(), path.suffix)

    def _json(self, value: object) -> None:
        self._send(json.dumps(value).encode(), ".json")

    def _send(self, body: bytes, suffix: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Stream:
    """One connection.

    status, retry_after: refused so, with an error in OpenAI's shape.
    start: the first number sent, whatever was asked (a repeat, or a hole).
    last: the last number sent.
    end: "close" (as if it were over), "cut" (the connection breaks), "half" (it breaks within
    the next frame), "garbage" (a line that is no JSON), "silence"; by default the stream is whole.
    dribble: one byte at a time.
    """

    def __init__(self, handler: _Handler, plan: _Plan) -> None:
        self._handler = handler
        self._frames = recordings.frames(plan.recording)

    def send(self, connection: dict[str, Any], cursor: int) -> None:
        if "status" in connection:
            self._refuse(connection)
            return
        first = connection.get("start", cursor + 1)
        last = connection.get("last", len(self._frames) - 1)
        self._begin()
        self._write(b": keep-alive\n\n")
        data = b"".join(frame.data for frame in self._frames[first : last + 1])
        for piece in _bytes_of(data) if connection.get("dribble") else [data]:
            self._write(piece)
        self._end(connection.get("end"), last)

    def _refuse(self, connection: dict[str, Any]) -> None:
        body = json.dumps({"error": {"message": "not now", "code": "refused"}}).encode()
        self._handler.send_response(connection["status"])
        if "retry_after" in connection:
            self._handler.send_header("Retry-After", connection["retry_after"])
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def _begin(self) -> None:
        # Chunked, so that the browser can tell a broken connection from a finished one.
        self._handler.protocol_version = "HTTP/1.1"
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Cache-Control", "no-cache, no-transform")  # as the API does
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()
        self._handler.close_connection = True

    def _end(self, how: str | None, last: int) -> None:
        if how is None:
            self._write(DONE)
        elif how == "half":
            frame = self._frames[last + 1].data
            self._write(frame[: len(frame) // 2])
        elif how == "garbage":
            self._write(b"data: {this is no JSON\n\n")
        elif how == "silence":
            self._handler.server.closing.wait(120)
        if how in (None, "close"):
            self._handler.wfile.write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        if data:
            self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _bytes_of(data: bytes) -> Iterator[bytes]:
    return (data[index : index + 1] for index in range(len(data)))


@contextmanager
def running_script_server(assets: Path) -> Iterator[str]:
    """Serve as long as the block lasts; gives the base URL."""
    server = _Server(assets)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
