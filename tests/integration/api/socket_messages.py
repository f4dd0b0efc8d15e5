"""What comes on a WebSocket that a test has opened."""

import json
from typing import Any

import websocket

POSITION = "millstream.queue.position"


def next_event(socket: websocket.WebSocket) -> dict[str, Any]:
    """Give the next message but for positions in line.

    Whoever waits for a second may be told one, at any moment: how long a test takes to begin an
    answer is chance.
    """
    while True:
        message: dict[str, Any] = json.loads(socket.recv())
        if message["type"] != POSITION:
            return message


def code_of_close(socket: websocket.WebSocket) -> int | None:
    """Read on until the server closes; give its reason. None: the connection broke off without."""
    while True:
        opcode, data = socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2]) if len(data) >= 2 else None
        assert json.loads(data)["type"] == POSITION, data
