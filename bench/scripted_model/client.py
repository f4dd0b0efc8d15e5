"""The scripted model as seen by a test: start it, wait for what happens in it, hold its gates."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bench.scripted_model.journal import Call, State

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


class ScriptedModelError(AssertionError):
    """The scripted model did not start, or what was waited for did not happen in time."""


@dataclass(frozen=True)
class ModelControl:
    """What a test sees and steers of a scripted model server that runs somewhere."""

    url: str
    http: httpx.Client

    @classmethod
    def at(cls, url: str) -> "ModelControl":
        """Talk to the server at this base URL; close `http` in the end."""
        return ModelControl(url, _client(url))

    def wait(
        self, question_contains: str, state: State, *, count: int = 1, timeout_seconds: float = 20.0
    ) -> list[Call]:
        """Wait until `count` calls about a question are in a state; give them, oldest first.

        Raises ScriptedModelError, with the calls that were seen, after `timeout_seconds`.
        """
        params: dict[str, str | int | float] = {
            "question_contains": question_contains,
            "state": state,
            "count": count,
            "timeout": timeout_seconds,
        }
        reply = self.http.get("/control/wait", params=params, timeout=timeout_seconds + 10)
        if reply.status_code == httpx.codes.REQUEST_TIMEOUT:
            raise ScriptedModelError(
                f"waited {timeout_seconds} s for {count} model call(s) about {question_contains!r}"
                f" to be {state}; seen: {reply.json()['seen']}"
            )
        return _calls(reply)

    def streams(self, question_contains: str = "") -> list[Call]:
        """Give all calls about a question, oldest first."""
        return _calls(
            self.http.get("/control/streams", params={"question_contains": question_contains})
        )

    def open_gate(self, name: str) -> None:
        """Let the streams that stand at a gate go on, and later ones pass."""
        self._post("/control/gate", {"name": name})

    def let_go(self) -> None:
        """Let all streams that stand at a gate go on; the gates stay closed to those that come."""
        self._post("/control/let-go", {})

    def script(self, name: str, tokens: Sequence[str]) -> None:
        """Register tokens that are too many or too long for a question, for `Script(name=...)`."""
        self._post("/control/script", {"name": name, "tokens": list(tokens)})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        # httpx would write lone surrogates raw, which UTF-8 cannot carry.
        content = json.dumps(body).encode()
        self.http.post(path, content=content).raise_for_status()


@dataclass(frozen=True)
class ScriptedModel(ModelControl):
    """A scripted model server that was started here."""

    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, port: int = 0, dimension: int = 384) -> Self:
        """Start a server on the loopback; returns when it listens."""
        argv = [sys.executable, "-m", "bench.scripted_model"]
        argv += ["--port", str(port), "--dimension", str(dimension)]
        # Not a part of the product: its coverage is nobody's question, and costs half its speed.
        env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
        process = subprocess.Popen(
            argv, cwd=_ROOT, env=env, stdout=subprocess.PIPE, start_new_session=True
        )
        url = str(json.loads(_first_line(process))["url"])
        return cls(url, _client(url), process)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        """End the server and its connections."""
        self.http.close()
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_STOP_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        """Give the running server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30.0, trust_env=False)


def _calls(reply: httpx.Response) -> list[Call]:
    reply.raise_for_status()
    return [Call(**item) for item in reply.json()]


def _first_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if selector.select(deadline - time.monotonic()):
            line = process.stdout.readline()
            if line:
                return line
    process.kill()
    process.wait(_STOP_SECONDS)
    process.stdout.close()
    raise ScriptedModelError(f"the scripted model was not listening within {_START_SECONDS} s")
