"""A managed Redis speaks TLS: the whole path goes over it, and checks whom it talks to."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.scripted_model.script import Script
from millstream_api.queueing import JobQueue
from millstream_contract.identifiers import new_id
from millstream_contract.jobs import AnswerJob
from tests.harness.certificates import loopback_server
from tests.harness.proxy import TcpProxy
from tests.harness.stack import Backends, running_stack
from tests.harness.valkey import ValkeyServer


@pytest.fixture
def door(private_valkey: ValkeyServer, tmp_path: Path) -> Iterator[tuple[TcpProxy, Path]]:
    """A Redis behind TLS, and the certificate to trust."""
    context, trusted = loopback_server(tmp_path)
    with TcpProxy(private_valkey.port, tls=context) as proxy:
        yield proxy, trusted


def test_an_answer_streams_with_every_connection_to_redis_over_tls(
    backends: Backends, door: tuple[TcpProxy, Path]
) -> None:
    proxy, trusted = door
    redis_url = f"rediss://127.0.0.1:{proxy.port}/0"
    over_tls = replace(backends, redis_url=redis_url, extra={"SSL_CERT_FILE": str(trusted)})
    script = Script(tokens=40)

    with (
        running_stack(over_tls) as stack,
        stack.client() as client,
        client.stream(f"What is a log? {script.directive()}") as stream,
    ):
        seen = stream.to_end()

    assert seen.text == script.text


def test_a_url_names_whom_to_trust(door: tuple[TcpProxy, Path]) -> None:
    proxy, trusted = door
    url = f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={trusted}"

    with closing(JobQueue(url, timeout_seconds=20)) as queue:
        assert queue.send(AnswerJob(new_id("resp"), 1))


def test_a_server_that_nobody_vouches_for_gets_no_job(door: tuple[TcpProxy, Path]) -> None:
    proxy, _ = door
    url = f"rediss://127.0.0.1:{proxy.port}/0"

    with closing(JobQueue(url, timeout_seconds=2)) as queue:
        assert not queue.send(AnswerJob(new_id("resp"), 1))
