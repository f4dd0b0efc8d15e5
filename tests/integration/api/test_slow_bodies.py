"""A body that does not come holds nothing for ever."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.harness.services import Service, start_api
from tests.harness.stack import Backends

_BEGUN = (
    b"Content-Length: 100\r\n\r\n{",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n40\r\n{",
)


@pytest.fixture(scope="module")
def impatient_api(shared_backends: Backends) -> Iterator[Service]:
    settings = {**shared_backends.settings(), "MILLSTREAM_BODY_TIMEOUT_SECONDS": "0.5"}
    service = start_api(settings)
    yield service
    service.process.stop(30)


@pytest.mark.parametrize("begun", _BEGUN, ids=["a length", "no chunk", "a chunk", "half a chunk"])
def test_a_body_that_never_comes_is_answered_408_and_its_connection_is_let_go(
    begun: bytes, impatient_api: Service
) -> None:
    answer = _to_the_end(impatient_api, b"POST /v1/responses HTTP/1.1", begun)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    error = json.loads(body)["error"]
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        "body",
        "body_timeout",
    )


def test_a_body_that_nobody_reads_holds_no_connection_either(impatient_api: Service) -> None:
    answer = _to_the_end(impatient_api, b"POST /v1/nothing HTTP/1.1", _BEGUN[0])

    assert answer.startswith(b"HTTP/1.1 404 ")


def _to_the_end(api: Service, line: bytes, begun: bytes) -> bytes:
    """Send a request that is never completed; give all that comes until the server closes."""
    address = urlsplit(api.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as server:
        server.sendall(line + b"\r\nHost: localhost\r\n" + begun)
        answer = b""
        while piece := server.recv(65_536):
            answer += piece
    return answer
