"""What open viewers cost the API: memory, and connections to Redis."""

import resource
from contextlib import ExitStack
from typing import Any

import httpx
import psutil
from redis import Redis

from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually
from tests.harness.stack import Stack


def measure(stack: Stack, viewers: int) -> dict[str, Any]:
    """Open viewers of one answer that stands still, and look at the API's process."""
    _raise_file_limit()
    script = Script(tokens=40, seed=2, gate=("viewers", 10))
    with stack.client() as client, ExitStack() as open_streams:
        response_id = client.start(f"What is a log? {script.directive()}")["id"]
        stack.model.wait(script.id, "held")
        http = open_streams.enter_context(
            httpx.Client(
                base_url=stack.api_url,
                timeout=60,
                trust_env=False,
                limits=httpx.Limits(max_connections=viewers + 10),
            )
        )
        _open(open_streams, http, response_id, 5)
        before = _state(stack)
        _open(open_streams, http, response_id, viewers)
        after = _state(stack)
    stack.model.open_gate("viewers")
    eventually("the viewers to be gone", lambda: _subscriptions(stack) == 0, 60)
    return {
        "viewers": viewers,
        "api_memory_before_mib": round(before["rss"] / 2**20, 1),
        "api_memory_with_viewers_mib": round(after["rss"] / 2**20, 1),
        "kib_per_viewer": round((after["rss"] - before["rss"]) / 1024 / viewers, 1),
        "redis_connections_with_5_viewers": before["connections"],
        f"redis_connections_with_{viewers + 5}_viewers": after["connections"],
    }


def _open(streams: ExitStack, http: httpx.Client, response_id: str, count: int) -> None:
    for _ in range(count):
        response = streams.enter_context(
            http.stream("GET", f"/v1/responses/{response_id}?stream=true")
        )
        lines = response.iter_lines()
        while "output_text.delta" not in next(lines):
            continue


def _state(stack: Stack) -> dict[str, int]:
    (worker,) = psutil.Process(stack.apis[0].process.pid).children(recursive=True)
    ports = {one.laddr.port for one in worker.net_connections("tcp") if one.raddr}
    with Redis.from_url(stack.backends.redis_url) as redis:
        peers = [int(one["addr"].rpartition(":")[2]) for one in redis.client_list()]
    return {
        "rss": worker.memory_info().rss,
        "connections": sum(port in ports for port in peers),
    }


def _subscriptions(stack: Stack) -> int:
    with Redis.from_url(stack.backends.redis_url) as redis:
        return len(redis.pubsub_channels("*:live"))


def _raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
