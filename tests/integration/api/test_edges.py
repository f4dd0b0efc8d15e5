"""The edges: whatever is sent, the answer has one shape, careful headers, and a request id."""

import gzip
import json
import re
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from tests.harness.api_client import ApiClient
from tests.harness.services import Service, start_api
from tests.harness.stack import Backends

_SHAPE = {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"secret nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nsecret name: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: secret\r\n\r\n", 501),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
    ids=[
        "a long address",
        "a long header",
        "many headers",
        "no request",
        "an unknown version",
        "a bad header",
        "a bad length",
        "two lengths",
        "an unknown coding",
        "TLS",
    ],
)
def test_what_is_no_request_is_refused_in_the_one_shape_and_not_quoted_in_the_log(
    request_: bytes, status: int, api: Service
) -> None:
    address = urlsplit(api.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as line:
        line.sendall(request_)
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/json" in head
    assert set(json.loads(body)["error"]) == _SHAPE
    assert "secret" not in "\n".join(api.process.lines)


@pytest.mark.parametrize(
    ("type_", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("application/xml", 415),
    ],
)
def test_a_body_is_json_or_refused(type_: str, status: int, client: ApiClient) -> None:
    answer = client.http.post(
        "/v1/responses",
        content=b'{"input": "x", "background": true}',
        headers={"Content-Type": type_},
    )

    assert answer.status_code == status
    if status != httpx.codes.OK:
        assert answer.json()["error"]["param"] == "Content-Type"


@pytest.mark.parametrize(
    ("coding", "status"),
    [
        ("gzip", 415),
        ("GZIP", 415),
        ("br", 415),
        ("deflate", 415),
        ("gzip, identity", 415),
        ("nonsense", 415),
        ("identity", 200),
        ("Identity", 200),
        ("", 200),
    ],
)
@pytest.mark.parametrize("path", ["/v1/responses", "/serving-endpoints/responses"])
def test_a_body_comes_uncompressed_or_is_refused(
    path: str, coding: str, status: int, client: ApiClient
) -> None:
    body = b'{"input": "x", "background": true}'
    packed = gzip.compress(body) if "gzip" in coding.lower() else body

    answer = client.http.post(path, content=packed, headers={"Content-Encoding": coding})

    assert answer.status_code == status
    if status != httpx.codes.OK:
        error = answer.json()["error"]
        assert error["param"] == "Content-Encoding"
        assert error["code"] == "unsupported_content_encoding"
        assert "identity" in error["message"]
        assert answer.headers["Accept-Encoding"] == "identity"


def test_a_body_without_a_length_is_bounded_all_the_same(client: ApiClient) -> None:
    def endless() -> "list[bytes]":
        return [b'{"input": "'] + [b"x" * 65_536] * 8

    answer = client.http.post("/v1/responses", content=iter(endless()))

    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert answer.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("depth", [50, 500, 5_000, 100_000])
@pytest.mark.parametrize("field", ["input", "metadata", "conversation", "unheard_of"])
def test_what_is_nested_deeply_is_refused_by_name(
    field: str, depth: int, client: ApiClient
) -> None:
    nested = b'{"input": "x", "%s": %s%s}' % (field.encode(), b"[" * depth, b"]" * depth)

    answer = client.http.post("/v1/responses", content=nested)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert re.split(r"[.\[]", str(answer.json()["error"]["param"]))[0] in {field, "body"}


@pytest.mark.parametrize("path", ["/healthz", "/v1/conversations", "/v1/nothing"])
def test_every_answer_is_careful(path: str, client: ApiClient) -> None:
    headers = client.http.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_stream_is_careful_too_and_has_its_own_caching(client: ApiClient) -> None:
    with client.follow(client.start("What?")["id"]) as stream:
        headers = stream.headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache, no-transform"
    assert len(headers["X-Request-Id"]) == 32


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("abc-123_x.y:z", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("a b", False),
        ("<script>", False),
        ("", False),
        ("é", False),
    ],
)
def test_a_sane_request_id_is_kept_and_any_other_replaced(
    given: str, is_kept: bool, client: ApiClient
) -> None:
    answer = client.http.get("/v1/nothing", headers=[(b"X-Request-Id", given.encode())])

    told = answer.headers["X-Request-Id"]
    assert (told == given) is is_kept
    assert is_kept or (len(told) == 32 and told.isalnum())


def test_a_question_is_known_by_its_idempotency_key_after_the_api_was_killed(
    shared_backends: Backends,
) -> None:
    body = {"input": "Once, over a kill?", "background": True}
    headers = {"Idempotency-Key": "over a kill"}
    ids = []
    for ending in ("kill", "stop"):
        service = start_api(shared_backends.settings())
        answer = httpx.post(f"{service.url}/v1/responses", json=body, headers=headers, timeout=30)
        ids.append(answer.raise_for_status().json()["id"])
        other = httpx.post(
            f"{service.url}/v1/responses",
            json={**body, "input": "Another?"},
            headers=headers,
            timeout=30,
        )
        assert other.status_code == httpx.codes.CONFLICT
        getattr(service.process, ending)()

    assert ids[0] == ids[1]
