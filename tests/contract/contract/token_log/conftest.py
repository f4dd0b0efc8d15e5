"""The token log on every server that can hold it."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from redis import Redis, RedisError

from millstream_contract.identifiers import new_id
from millstream_contract.redis_connection import redis_client
from millstream_contract.token_log import TokenLog
from tests.contract.contract.token_log.entries import TTL_SECONDS
from tests.harness.deadlines import eventually
from tests.harness.ports import free_port
from tests.harness.valkey import ValkeyServer

_REDIS = shutil.which("redis-server")


@pytest.fixture(params=["valkey", "redis"] if _REDIS else ["valkey"], scope="package")
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server of this folder's own: scripts are flushed and channels are heard here."""
    if request.param == "valkey":
        with ValkeyServer() as server:
            yield server.url()
        return
    assert _REDIS is not None
    port = free_port()
    argv = [_REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def redis(server_url: str) -> Iterator["Redis"]:
    with redis_client(server_url, timeout_seconds=5) as client:
        eventually("the server to answer", lambda: answers(client))
        client.flushall()
        yield client


@pytest.fixture
def log(redis: "Redis") -> TokenLog:
    return TokenLog(redis, ttl_seconds=TTL_SECONDS)


@pytest.fixture
def response_id() -> str:
    return new_id("resp")


def answers(client: "Redis") -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
