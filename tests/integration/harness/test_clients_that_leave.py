"""A client that leaves the scripted model in mid-stream is as good as any: nobody complains."""

import json
import os
import socket
import sys

from bench.scripted_model.client import ModelControl
from bench.scripted_model.script import Script
from tests.harness.processes import ServerProcess


def _read_until_left(port: int, script: Script) -> None:
    """Ask, say at the first bytes that nothing more will come, and read what is still sent."""
    question = {"role": "user", "content": f"What is a log? {script.directive()}"}
    body = json.dumps({"messages": [question], "stream": True}).encode()
    head = (
        "POST /serving-endpoints/chat/completions HTTP/1.1\r\nHost: model\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(head.encode() + body)
        client.recv(1)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            continue


def test_it_is_noted_and_nothing_is_complained_of() -> None:
    # Without a pause between two tokens: the model is writing when it hears of it.
    scripts = [Script(tokens=20_000, seed=seed) for seed in range(5)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    process = ServerProcess.start("model", [sys.executable, "-m", "bench.scripted_model"], env)
    model = ModelControl.at(process.wait_for_line('"url": "([^"]+)"')[1])
    with model.http:
        for script in scripts:
            _read_until_left(int(model.url.rpartition(":")[2]), script)
        ends = [model.wait(script.id, "ended")[0].end for script in scripts]
    process.stop()

    assert ends == ["client_closed"] * 5
    (_said_where_it_is,) = process.lines
