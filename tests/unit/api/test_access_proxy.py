"""A header names the user only when the reverse proxy sent it."""

import ipaddress
from collections.abc import Mapping

import pytest
from flask import Flask, request
from pydantic import SecretStr

from millstream_api.access.proxy import PROOF_HEADER, ProxyUsers
from millstream_api.access.refusal import Unauthenticated
from millstream_api.identity import Identity

SECRET = "s" * 32
NETWORKS = (ipaddress.ip_network("10.0.3.0/24"), ipaddress.ip_network("fd00::/8"))

BY_NETWORK = ProxyUsers("X-Forwarded-User", NETWORKS, None)
BY_SECRET = ProxyUsers("X-Forwarded-User", (), SecretStr(SECRET))
BY_BOTH = ProxyUsers("X-Forwarded-User", NETWORKS, SecretStr(SECRET))


def identify(users: ProxyUsers, headers: Mapping[str, str], peer: str = "10.0.3.7") -> Identity:
    app = Flask(__name__)
    with app.test_request_context(headers=headers, environ_base={"REMOTE_ADDR": peer}):
        return users.identify(request)


@pytest.mark.parametrize("peer", ["10.0.3.7", "::ffff:10.0.3.7", "fd00::1"])
def test_the_proxy_is_known_by_its_address(peer: str) -> None:
    assert identify(BY_NETWORK, {"X-Forwarded-User": "alice"}, peer).owner == "user:alice"


@pytest.mark.parametrize("peer", ["10.0.4.7", "127.0.0.1", "::1", "", "unix:", "10.0.3.7, x"])
def test_nobody_else_may_name_a_user(peer: str) -> None:
    told = {"X-Forwarded-User": "alice", "X-Forwarded-For": "10.0.3.7", "X-Real-IP": "10.0.3.7"}

    with pytest.raises(Unauthenticated):
        identify(BY_NETWORK, told, peer)


def test_the_proxy_is_known_by_its_secret() -> None:
    headers = {"X-Forwarded-User": "alice", PROOF_HEADER: SECRET}

    assert identify(BY_SECRET, headers, "192.0.2.1").owner == "user:alice"


@pytest.mark.parametrize("secret", ["", "s" * 31, "s" * 33, "é" * 32, f"{SECRET},{SECRET}"])
def test_another_secret_is_refused(secret: str) -> None:
    with pytest.raises(Unauthenticated):
        identify(BY_SECRET, {"X-Forwarded-User": "alice", PROOF_HEADER: secret})


def test_where_both_are_set_both_must_hold() -> None:
    headers = {"X-Forwarded-User": "alice", PROOF_HEADER: SECRET}

    assert identify(BY_BOTH, headers).owner == "user:alice"
    with pytest.raises(Unauthenticated):
        identify(BY_BOTH, headers, "192.0.2.1")
    with pytest.raises(Unauthenticated):
        identify(BY_BOTH, {"X-Forwarded-User": "alice"})


@pytest.mark.parametrize(
    "value", ["", " ", "alice,alice", "alice, bob", "a\x7fb", "x" * 256, "\xff\xfe"]
)
def test_a_header_that_is_not_one_name_is_refused(value: str) -> None:
    with pytest.raises(Unauthenticated):
        identify(BY_NETWORK, {"X-Forwarded-User": value})


def test_a_missing_header_is_refused_as_a_missing_login() -> None:
    with pytest.raises(Unauthenticated) as refused:
        identify(BY_NETWORK, {"X-Forwarded-Email": "alice@example.org"})

    assert refused.value.code == "missing_credentials"


def test_a_name_in_utf_8_is_itself() -> None:
    sent = "Žofie".encode().decode("latin-1")

    assert identify(BY_NETWORK, {"X-Forwarded-User": sent}).owner == "user:Žofie"
