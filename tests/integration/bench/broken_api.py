"""An API that breaks a promise: what the load test must not let pass."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class BrokenApi:
    """Streams a text as an answer, with a fault; serves the stored answer."""

    def __init__(
        self,
        text: str,
        *,
        leave_out: int | None = None,
        repeat: int | None = None,
        stored_text: str | None = None,
    ) -> None:
        """Leave out or repeat the frame of this number, or store another text."""
        frames = _frames(text)
        if leave_out is not None:
            del frames[leave_out]
        if repeat is not None:
            frames.insert(repeat, frames[repeat])
        stream = b"".join([*frames, b"data: [DONE]\n\n"])
        stored = json.dumps(_response(text if stored_text is None else stored_text)).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._reply("text/event-stream", stream)

            def do_GET(self) -> None:
                self._reply("application/json", stored)

            def _reply(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        """Serve; give the base URL."""
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _response(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text}
    return {
        "id": "resp_1",
        "status": "completed",
        "output": [{"type": "message", "content": [part]}],
        "error": None,
        "millstream": {"timings": {}},
    }


def _frames(text: str) -> list[bytes]:
    pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
    bodies: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": "resp_1"}},
        *({"type": "response.output_text.delta", "delta": piece} for piece in pieces),
        {"type": "response.completed", "response": _response(text)},
    ]
    return [_frame(number, body) for number, body in enumerate(bodies)]


def _frame(number: int, body: dict[str, Any]) -> bytes:
    kind = body.pop("type")
    data = json.dumps({"type": kind, "sequence_number": number, **body}, separators=(",", ":"))
    return f"id: {number}\ndata: {data}\n\n".encode()
