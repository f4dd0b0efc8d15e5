"""A handshake that is none is refused like any other bad request."""

import base64

import httpx
import pytest

from tests.harness.api_client import ApiClient

_GOOD = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"k" * 16).decode(),
}


def test_a_handshake_of_another_version_is_told_which_one_there_is(client: ApiClient) -> None:
    headers = {**_GOOD, "Sec-WebSocket-Version": "12"}

    answer = client.http.get("/v1/responses", headers=headers)

    assert answer.status_code == httpx.codes.UPGRADE_REQUIRED
    assert answer.headers["Sec-WebSocket-Version"] == "13"
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (
        "Sec-WebSocket-Version",
        "unsupported_websocket_version",
    )


@pytest.mark.parametrize("absent", ["Sec-WebSocket-Version", "Sec-WebSocket-Key"])
def test_a_handshake_without_its_headers_is_a_bad_request(absent: str, client: ApiClient) -> None:
    headers = {name: value for name, value in _GOOD.items() if name != absent}

    answer = client.http.get("/v1/responses", headers=headers)

    assert answer.status_code == httpx.codes.BAD_REQUEST
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert absent in error["message"]
