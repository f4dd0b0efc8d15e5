"""A web page of a stranger, open in the user's browser, can neither ask, watch nor read."""

import json

import httpx
import pytest
import websocket

from tests.harness.api_client import ApiClient
from tests.harness.services import Service
from tests.harness.stack import Backends
from tests.integration.api.kept import Kept

_PAGE = "http://localhost:8050"
_FOREIGN = ["http://evil.example", "http://localhost:8051", "https://localhost:8050", "null"]


@pytest.mark.parametrize("origin", _FOREIGN)
def test_a_foreign_page_cannot_ask(
    origin: str, client: ApiClient, shared_backends: Backends
) -> None:
    before = Kept.by(shared_backends)

    # What a form or fetch(mode: "no-cors") may send without asking first.
    answer = client.http.post(
        "/v1/responses",
        content=b'{"input": "x", "background": true}',
        headers={"Origin": origin, "Content-Type": "text/plain"},
    )

    assert answer.status_code == httpx.codes.FORBIDDEN
    assert answer.json()["error"]["code"] == "origin_not_allowed"
    assert before.added(shared_backends) == set()


@pytest.mark.parametrize("origin", _FOREIGN)
def test_a_foreign_page_cannot_open_the_socket(origin: str, api: Service) -> None:
    url = api.url.replace("http", "ws") + "/v1/responses"

    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(url, timeout=20, origin=origin)

    assert refused.value.status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/responses/abc", "/v1/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_name_that_was_bound_to_this_address_opens_nothing(
    path: str, host: str, client: ApiClient
) -> None:
    answer = client.http.get(path, headers={"Host": host, "Origin": f"http://{host}"})

    assert answer.status_code == httpx.codes.FORBIDDEN
    assert answer.json()["error"]["code"] == "host_not_allowed"


def test_a_bound_name_cannot_open_the_socket(api: Service) -> None:
    url = api.url.replace("http", "ws") + "/v1/responses"

    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(url, timeout=20, host="evil.example", suppress_origin=True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": _PAGE},
        {"Host": "localhost:8000"},
        {"Host": "[::1]:8000"},
        {"Host": "10.0.0.7", "Origin": "http://10.0.0.7"},
    ],
    ids=json.dumps,
)
def test_who_belongs_here_is_let_in(headers: dict[str, str], client: ApiClient) -> None:
    answer = client.http.get("/v1/conversations", headers=headers)

    assert answer.status_code == httpx.codes.OK


def test_probes_are_answered_by_any_name(client: ApiClient) -> None:
    answer = client.http.get("/healthz", headers={"Host": "millstream-api.example"})

    assert answer.status_code == httpx.codes.OK
