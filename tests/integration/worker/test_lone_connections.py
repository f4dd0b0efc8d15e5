"""Requests to the model share no lock: what is collected in the middle of one holds up none."""

import gc
import threading
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.script import Script
from millstream_worker.answering.model_connection import ConnectionHook

_REQUESTS = 5


@pytest.fixture
def worst_moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let garbage be collected where the pool of httpx holds its lock."""
    # Only what is made from here on: with all that other tests left, each time takes seconds.
    gc.freeze()
    assign = httpcore.ConnectionPool._assign_requests_to_connections

    def collect_and_assign(pool: httpcore.ConnectionPool) -> Any:
        gc.collect()
        return assign(pool)

    name = "_assign_requests_to_connections"
    monkeypatch.setattr(httpcore.ConnectionPool, name, collect_and_assign)
    yield
    gc.unfreeze()


def test_streams_left_in_the_middle_hold_up_no_later_request(
    scripted_model: ScriptedModel, worst_moment: None
) -> None:
    client = httpx.Client(timeout=20)
    ConnectionHook(client, connect_seconds=5)
    asked = threading.Thread(target=_ask_and_forget, args=(client, scripted_model), daemon=True)

    asked.start()
    asked.join(60)

    assert not asked.is_alive()


def _ask_and_forget(client: httpx.Client, model: ScriptedModel) -> None:
    for _ in range(_REQUESTS):
        pieces = _pieces(client, model)
        next(pieces)
        # A ring that only the collector can open, as an exception and its frames are.
        ring: list[object] = [pieces]
        ring.append(ring)


def _pieces(client: httpx.Client, model: ScriptedModel) -> Iterator[bytes]:
    question = f"Why? {Script(tokens=200, rate=20).directive()}"
    body = {"stream": True, "messages": [{"role": "user", "content": question}]}
    with client.stream("POST", f"{model.url}/serving-endpoints/chat/completions", json=body) as it:
        yield from it.iter_bytes()
