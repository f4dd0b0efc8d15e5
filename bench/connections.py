"""How many connections to Redis the API has, with few viewers and with many."""

import resource
from contextlib import ExitStack

import httpx
import psutil
from redis import Redis

from bench.scripted_model.script import Script
from tests.harness.deadlines import eventually
from tests.harness.stack import Stack


def measure(stack: Stack, viewers: int) -> dict[str, int]:
    """Open viewers of one answer that stands still, and count."""
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
        before = _connections(stack)
        _open(open_streams, http, response_id, viewers)
        after = _connections(stack)
    stack.model.open_gate("viewers")
    eventually("the viewers to be gone", lambda: _subscriptions(stack) == 0, 60)
    return {"with_5_viewers": before, f"with_{viewers + 5}_viewers": after}


def _open(streams: ExitStack, http: httpx.Client, response_id: str, count: int) -> None:
    for _ in range(count):
        response = streams.enter_context(
            http.stream("GET", f"/v1/responses/{response_id}?stream=true")
        )
        lines = response.iter_lines()
        while "output_text.delta" not in next(lines):
            continue


def _connections(stack: Stack) -> int:
    (worker,) = psutil.Process(stack.apis[0].process.pid).children(recursive=True)
    ports = {one.laddr.port for one in worker.net_connections("tcp") if one.raddr}
    with Redis.from_url(stack.backends.redis_url) as redis:
        peers = [int(one["addr"].rpartition(":")[2]) for one in redis.client_list()]
    return sum(port in ports for port in peers)


def _subscriptions(stack: Stack) -> int:
    with Redis.from_url(stack.backends.redis_url) as redis:
        return len(redis.pubsub_channels("*:live"))


def _raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
