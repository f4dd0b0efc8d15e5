"""Who gets what, on every route: nobody reads, stops or continues another user's answer."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import websocket

from tests.harness.api_client import checked_http
from tests.harness.openid import Provider, SigningKey
from tests.harness.services import Service, run_module, start_api
from tests.harness.stack import Backends
from tests.integration.api.access_table import ROWS, Row, routes, sockets

_SECRET = "tested-and-never-used-elsewhere-0"
# Its users ask more than a user may; what that gets them is tested elsewhere.
_WIDE = {"MILLSTREAM_MAX_OPEN_PER_USER": "10000", "MILLSTREAM_REQUESTS_PER_MINUTE": "100000"}
_PROXY = {**_WIDE, "MILLSTREAM_AUTH_MODE": "proxy", "MILLSTREAM_PROXY_SECRET": _SECRET}

Headers = dict[str, str]
Login = Callable[[str], Headers]

PROTECTED = [row for row in ROWS if row.kind != "open"]
OBJECTS = [row for row in ROWS if row.kind == "object"]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def token_api(shared_backends: Backends, provider: Provider) -> Iterator[Service]:
    service = start_api({**shared_backends.settings(), **provider.settings(), **_WIDE})
    yield service
    service.process.stop(30)


@pytest.fixture(scope="module")
def proxy_api(shared_backends: Backends) -> Iterator[Service]:
    service = start_api({**shared_backends.settings(), **_PROXY})
    yield service
    service.process.stop(30)


@pytest.fixture(params=["token", "proxy"])
def guarded(request: pytest.FixtureRequest, provider: Provider) -> tuple[Service, Login]:
    """An API, and how somebody logs in to it."""
    service: Service = request.getfixturevalue(f"{request.param}_api")
    if request.param == "token":
        return service, lambda user: {"Authorization": f"Bearer {provider.token(user)}"}
    return service, lambda user: _proxied(user)


@pytest.fixture
def http(guarded: tuple[Service, Login]) -> Iterator[httpx.Client]:
    with checked_http(guarded[0].url) as client:
        yield client


@pytest.fixture
def login(guarded: tuple[Service, Login]) -> Login:
    return guarded[1]


def _proxied(user: str) -> Headers:
    return {"X-Forwarded-User": user, "X-Millstream-Proxy-Secret": _SECRET}


def _owned_by(http: httpx.Client, headers: Headers) -> dict[str, str]:
    """Make a conversation with a question in it; give their ids."""
    conversation = _json(http.post("/v1/conversations", json={}, headers=headers))["id"]
    asked = {"input": "Whose?", "background": True, "conversation": conversation}
    response = _json(http.post("/v1/responses", json=asked, headers=headers))["id"]
    items = _json(http.get(f"/v1/conversations/{conversation}/items", headers=headers))
    return {"conversation": conversation, "response": response, "item": items["data"][0]["id"]}


def _json(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.raise_for_status().json()
    return body


def _call(http: httpx.Client, row: Row, ids: dict[str, str], headers: Headers) -> tuple[int, str]:
    """Call a route; give its status, and what it says unless that is a stream."""
    path = row.rule.replace("<response_id>", ids["response"])
    path = path.replace("<conversation_id>", ids["conversation"]).replace("<item_id>", ids["item"])
    body = None if row.body is None else json.loads(_filled(json.dumps(row.body), ids))
    path += _filled(row.query, ids)
    with http.stream(row.method, path, json=body, headers=headers) as answer:
        if answer.headers["Content-Type"].startswith("text/event-stream"):
            return answer.status_code, ""
        answer.read()
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    return answer.status_code, answer.text


def _filled(text: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def test_every_route_has_a_row() -> None:
    assert {(row.method, row.rule) for row in ROWS} == set(routes())
    assert sockets() == {"/v1/responses"}


@pytest.mark.parametrize("row", PROTECTED, ids=str)
def test_a_request_without_an_identity_is_refused(row: Row, http: httpx.Client) -> None:
    ids = {"response": "resp_" + "0" * 32, "conversation": "conv_" + "0" * 32, "item": "x"}

    status, body = _call(http, row, ids, {})

    assert status == httpx.codes.UNAUTHORIZED
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("row", PROTECTED, ids=str)
def test_a_login_that_proves_nothing_is_refused(
    row: Row, http: httpx.Client, login: Login, provider: Provider
) -> None:
    ids = _owned_by(http, login("alice"))
    forged = provider.token("alice", SigningKey("first"))
    bad = {
        "expired": {"Authorization": f"Bearer {provider.token('alice', exp=1)}"},
        "forged": {"Authorization": f"Bearer {forged}"},
        "wrong audience": {"Authorization": f"Bearer {provider.token('alice', aud='other')}"},
        "wrong issuer": {"Authorization": f"Bearer {provider.token('alice', iss='x')}"},
        "no such key": {"Authorization": "Bearer msk_" + "A" * 43},
        "another scheme": {"Authorization": "Basic YWxpY2U6eA=="},
        "a bare proxy header": {"X-Forwarded-User": "alice"},
        "with an underscore": {
            "X_Forwarded_User": "alice",
            "X_Millstream_Proxy_Secret": _SECRET,
        },
        "another secret": {**_proxied("alice"), "X-Millstream-Proxy-Secret": "x" * 32},
        "a bad ticket": {"X-Ticket": "x"},
    }

    got = {what: _call(http, row, ids, headers)[0] for what, headers in bad.items()}

    assert got == dict.fromkeys(bad, 401)


@pytest.mark.parametrize("row", OBJECTS, ids=str)
def test_another_user_gets_404_as_for_what_is_not_there_and_the_owner_is_served(
    row: Row, http: httpx.Client, login: Login
) -> None:
    ids = _owned_by(http, login("alice"))
    none = {"response": "resp_" + "0" * 32, "conversation": "conv_" + "0" * 32, "item": "msg_x"}

    status, body = _call(http, row, ids, login("mallory"))
    missing, said = _call(http, row, none, login("mallory"))

    assert status == missing == row.refused
    # Nothing tells apart what is another's and what is not there.
    assert _without(body, ids) == _without(said, none)
    assert _call(http, row, ids, login("alice"))[0] == row.served


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind == "own"], ids=str)
def test_what_is_the_callers_own_shows_nothing_of_anothers(
    row: Row, http: httpx.Client, login: Login
) -> None:
    ids = _owned_by(http, login("alice"))

    status, body = _call(http, row, ids, login("mallory"))

    assert status == row.served
    assert not [value for value in ids.values() if value in body]


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind == "open"], ids=str)
def test_what_is_open_answers_everybody(row: Row, http: httpx.Client) -> None:
    assert http.request(row.method, row.rule).status_code == httpx.codes.OK


def test_a_refused_request_changes_nothing(http: httpx.Client, login: Login) -> None:
    alice = login("alice")
    ids = _owned_by(http, alice)
    for row in OBJECTS:
        _call(http, row, ids, login("mallory"))
        _call(http, row, ids, {})

    after = _json(http.get(f"/v1/responses/{ids['response']}", headers=alice))
    conversation = _json(http.get(f"/v1/conversations/{ids['conversation']}", headers=alice))

    assert after["status"] == "queued"
    assert conversation["title"] == "Whose?"


def test_one_idempotency_key_of_two_users_is_two_questions(
    http: httpx.Client, login: Login
) -> None:
    def ask(user: str, question: str) -> str:
        body = {"input": question, "background": True}
        headers = {**login(user), "Idempotency-Key": "the same"}
        return str(_json(http.post("/v1/responses", json=body, headers=headers))["id"])

    assert ask("alice", "Mine?") == ask("alice", "Mine?")
    assert ask("mallory", "Theirs?") not in {ask("alice", "Mine?")}


def test_a_socket_needs_an_identity_and_resumes_nothing_of_anothers(
    guarded: tuple[Service, Login], http: httpx.Client, login: Login
) -> None:
    ids = _owned_by(http, login("alice"))
    url = guarded[0].url.replace("http", "ws") + "/v1/responses"
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(url, timeout=20)
    socket = websocket.create_connection(url, timeout=20, header=login("mallory"))

    resume = {"type": "millstream.response.resume", "response_id": ids["response"]}
    socket.send(json.dumps(resume))
    anothers = json.loads(socket.recv())
    create = {"type": "response.create", "input": "x", "conversation": ids["conversation"]}
    socket.send(json.dumps(create))
    in_anothers = json.loads(socket.recv())
    socket.close()

    assert refused.value.status_code == httpx.codes.UNAUTHORIZED
    assert (anothers["type"], anothers["status"]) == ("error", httpx.codes.NOT_FOUND)
    assert (in_anothers["type"], in_anothers["status"]) == ("error", httpx.codes.NOT_FOUND)


def test_a_ticket_opens_the_stream_of_one_response_and_nothing_else(
    http: httpx.Client, login: Login
) -> None:
    mine, other = _owned_by(http, login("alice")), _owned_by(http, login("alice"))
    issued = http.post(f"/v1/responses/{mine['response']}/ticket", headers=login("alice"))
    ticket = _json(issued)["ticket"]

    def status(path: str, method: str = "GET") -> int:
        with http.stream(method, f"/v1/responses/{path}ticket={ticket}") as answer:
            return answer.status_code

    assert issued.headers["Cache-Control"] == "no-store"
    assert status(f"{mine['response']}?stream=true&") == httpx.codes.OK
    assert status(f"{mine['response']}?stream=true&starting_after=0&") == httpx.codes.OK
    for refused in (
        status(f"{other['response']}?stream=true&"),
        status(f"{'resp_' + '0' * 32}?stream=true&"),
        status(f"{mine['response']}?"),
        status(f"{mine['response']}?stream=false&"),
        status(f"{mine['response']}/cancel?stream=true&", "POST"),
    ):
        assert refused == httpx.codes.UNAUTHORIZED


def test_an_api_key_logs_in_until_it_is_revoked(
    http: httpx.Client, login: Login, shared_backends: Backends
) -> None:
    def keys(*arguments: str) -> list[str]:
        database = {"DATABASE_URL": shared_backends.database_url}
        return run_module("millstream_api.keys", arguments, database).lines

    made = keys("create", "--owner", "carol", "--name", "nightly", "--days", "30")
    key = next(line for line in made if line.startswith("msk_"))
    key_id = next(line for line in made if line.startswith("key_")).partition(":")[0]
    by_key = {"Authorization": f"Bearer {key}"}
    ids = _owned_by(http, by_key)

    # It is the same owner as one who logs in by that name.
    seen = http.get(f"/v1/responses/{ids['response']}", headers=login("carol"))
    listed = next(line for line in keys("list", "--owner", "carol") if key_id in line)
    keys("revoke", key_id)
    revoked = http.get(f"/v1/responses/{ids['response']}", headers=by_key)

    assert seen.status_code == httpx.codes.OK
    assert listed.split("\t")[1:4] == ["carol", "nightly", "valid"]
    assert listed.split("\t")[5] != "-"
    assert key not in "".join(keys("list"))
    assert revoked.status_code == httpx.codes.UNAUTHORIZED


def test_a_socket_is_of_no_use_when_the_login_that_opened_it_has_ended(
    guarded: tuple[Service, Login], shared_backends: Backends
) -> None:
    database = {"DATABASE_URL": shared_backends.database_url}
    made = run_module("millstream_api.keys", ["create", "--owner", "carol"], database).lines
    key = next(line for line in made if line.startswith("msk_"))
    key_id = next(line for line in made if line.startswith("key_")).partition(":")[0]
    socket = websocket.create_connection(
        guarded[0].url.replace("http", "ws") + "/v1/responses",
        timeout=20,
        header={"Authorization": f"Bearer {key}"},
    )
    run_module("millstream_api.keys", ["revoke", key_id], database)

    socket.send(json.dumps({"type": "response.create", "input": "Mine?"}))
    told = json.loads(socket.recv())
    socket.close()

    assert (told["type"], told["status"]) == ("error", httpx.codes.UNAUTHORIZED)


def test_no_login_is_ever_written_to_the_log(
    guarded: tuple[Service, Login], http: httpx.Client, login: Login
) -> None:
    ids = _owned_by(http, login("alice"))
    issued = http.post(f"/v1/responses/{ids['response']}/ticket", headers=login("alice"))
    ticket, token = _json(issued)["ticket"], login("alice").get("Authorization", "Bearer x.y.z")
    http.get(f"/v1/responses/{ids['response']}?ticket={ticket}x&stream=true")
    http.get("/v1/conversations", headers={"Authorization": f"{token}x"})
    http.get("/v1/conversations", headers={"Authorization": "Bearer msk_secret"})

    logged = "\n".join(guarded[0].process.lines)

    for secret in (ticket, token.removeprefix("Bearer "), "msk_secret", _SECRET, "alice"):
        assert secret not in logged


def _without(text: str, ids: dict[str, str]) -> str:
    for value in ids.values():
        text = text.replace(value, "…")
    return text
