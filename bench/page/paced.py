"""A stream of one long answer at a steady pace, with frames as the API sends them.

GET /stream?tokens=N&rate=R[&cut=N][&starting_after=n]: rate 0 is as fast as possible; `cut` ends
the connection behind that frame, without `[DONE]`, when it is read from the beginning.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.harness.serving import serving

_SENTENCE = (
    "the lease of a worker expires when it is not renewed and another process raises the number"
    " so that nothing is lost and nothing is said twice while a reader looks on"
)
_WORDS = _SENTENCE.split()
_PARAGRAPH = 60


def tokens(count: int) -> list[str]:
    """Give words in paragraphs, the same each time."""
    source = random.Random(3)
    return [
        source.choice(_WORDS) + ("\n\n" if number % _PARAGRAPH == 0 else " ")
        for number in range(1, count + 1)
    ]


def frames(count: int) -> list[bytes]:
    """Give the frames of an answer of so many tokens."""
    said = tokens(count)
    where = {"item_id": f"msg_{0:032x}", "output_index": 1, "content_index": 0}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": _response("queued")}]
    events += [
        {"type": "response.output_text.delta", **where, "delta": token, "logprobs": []}
        for token in said
    ]
    events.append({"type": "response.completed", "response": _response("completed", "".join(said))})
    return [
        f"id: {number}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(events)
    ]


def _response(status: str, text: str | None = None) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text}]
    output = [] if text is None else [{"type": "message", "content": content}]
    return {"id": "resp_paced", "object": "response", "status": status, "output": output}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        query = {key: int(value[0]) for key, value in parse_qs(urlsplit(self.path).query).items()}
        first = query.get("starting_after", -1) + 1
        stream = frames(query["tokens"])
        last = query["cut"] if first == 0 and "cut" in query else len(stream) - 1
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self._send(stream[first : last + 1], query.get("rate", 0))
            if last == len(stream) - 1:
                self.wfile.write(b"data: [DONE]\n\n")
        except ConnectionError:
            return  # the reader has left

    def _send(self, stream: list[bytes], rate: int) -> None:
        start = time.monotonic()
        for number, frame in enumerate(stream):
            if rate:
                time.sleep(max(0.0, start + number / rate - time.monotonic()))
            self.wfile.write(frame)


@contextmanager
def running_stream() -> Iterator[str]:
    """Serve as long as the block lasts; gives the address of the stream."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    with serving(server) as url:
        yield f"{url}/stream"
