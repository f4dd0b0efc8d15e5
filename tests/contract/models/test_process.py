"""How the process starts, refuses to start, and stops."""

import json
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

COMMAND = [sys.executable, "-m", "millstream_models"]


def environment(**settings: str) -> dict[str, str]:
    named = {f"MILLSTREAM_MODELS_{name.upper()}": value for name, value in settings.items()}
    return {**os.environ, "MILLSTREAM_MODELS_PORT": "0", **named}


def test_a_wrong_setting_stops_the_start_and_names_itself() -> None:
    outcome = subprocess.run(
        COMMAND, env=environment(port="99999"), capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 1
    assert "MILLSTREAM_MODELS_PORT: " in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        outcome = subprocess.run(
            COMMAND, env=environment(port=port), capture_output=True, text=True, check=False
        )

    assert outcome.returncode == 1
    assert f"127.0.0.1:{port}" in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_running_answer_and_the_process(sign: signal.Signals) -> None:
    process = subprocess.Popen(
        COMMAND,
        env=environment(preload="true", shutdown_grace_seconds="0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().split("ready on ")[1].split()[0]
    endless = [
        {"role": "user", "content": "Go on."},
        {"role": "assistant", "content": "very " * 60},
    ]
    # Greedy, it repeats itself for ever; sampled, it might come to an end by itself.
    body = {"messages": endless, "stream": True, "max_tokens": 1500, "temperature": 0}
    path = f"{url}/serving-endpoints/smollm2-135m-instruct/invocations"

    with httpx.stream("POST", path, json=body, timeout=60) as answer:
        frames = answer.iter_raw()
        next(frames)
        process.send_signal(sign)
        last = b"".join(frames).split(b"\n\n")[-2]
    _, errors = process.communicate(timeout=60)

    assert json.loads(last.removeprefix(b"data: "))["error"]["error_code"] == (
        "TEMPORARILY_UNAVAILABLE"
    )
    assert process.returncode == 0
    assert "Traceback" not in errors
