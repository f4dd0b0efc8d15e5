"""A token counts when its provider signed it, for us, for now; nothing else does."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from millstream_api.access.refusal import Unauthenticated
from millstream_api.access.signing_keys import SigningKeys
from millstream_api.access.tokens import TokenUsers
from millstream_api.errors import ApiError
from tests.harness.openid import AUDIENCE, ISSUER, Provider, SigningKey


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: Provider) -> Iterator[Provider]:
    keys = list(shared_provider.keys)
    yield shared_provider
    shared_provider.keys, shared_provider.is_away = keys, False


def users_of(provider: Provider, look_again_seconds: float = 10.0, **changed: Any) -> TokenUsers:
    settings: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": ("RS256", "ES256"),
        "owner_claim": "sub",
        "leeway_seconds": 0,
        **changed,
    }
    keys = SigningKeys(provider.jwks_url, look_again_seconds=look_again_seconds)
    return TokenUsers(keys, **settings)


def test_a_good_token_names_its_user(provider: Provider) -> None:
    identity = users_of(provider).identify(provider.token("alice"))

    assert identity.owner == "user:alice"
    assert identity.login == "token"
    assert identity.valid_until is not None
    assert identity.valid_until > time.time()


def test_a_login_ends_with_its_token_plus_the_leeway(provider: Provider) -> None:
    expires_at = int(time.time()) + 600
    token = provider.token("alice", exp=expires_at)

    identity = users_of(provider, leeway_seconds=30).identify(token)

    assert identity.valid_until == expires_at + 30


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "no exp"),
        ({"exp": "soon"}, "not valid"),
        ({"nbf": int(time.time()) + 600}, "not valid"),
        ({"aud": "another"}, "audience"),
        ({"aud": None}, "no aud"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": f"{ISSUER}/"}, "issuer"),
        ({"iss": None}, "no iss"),
        ({"sub": None}, "no user"),
        ({"sub": "   "}, "no user"),
        ({"sub": "a\nb"}, "printable"),
        ({"sub": "x" * 256}, "255"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused_and_told_which(
    claims: dict[str, Any], says: str, provider: Provider
) -> None:
    with pytest.raises(Unauthenticated, match=says) as refused:
        users_of(provider).identify(provider.token("alice", **claims))

    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer ")


def test_clocks_may_differ_by_the_leeway(provider: Provider) -> None:
    late = provider.token("alice", exp=int(time.time()) - 20)

    assert users_of(provider, leeway_seconds=60).identify(late).owner == "user:alice"
    with pytest.raises(Unauthenticated):
        users_of(provider, leeway_seconds=5).identify(late)


def test_a_token_of_another_key_is_refused_also_under_a_known_id(provider: Provider) -> None:
    forger = SigningKey("first")

    with pytest.raises(Unauthenticated):
        users_of(provider).identify(provider.token("alice", forger))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_changed_in_any_part_is_refused(part: int, provider: Provider) -> None:
    parts = provider.token("alice").split(".")
    changed = "A" if parts[part][5] != "A" else "B"
    parts[part] = parts[part][:5] + changed + parts[part][6:]

    with pytest.raises(Unauthenticated):
        users_of(provider).identify(".".join(parts))


def test_the_public_key_is_no_secret_to_sign_by(provider: Provider) -> None:
    # The classic confusion: a token signed by HMAC, with the public key as its secret.
    public = provider.keys[0].private.public_key()
    for encoding in (Encoding.PEM, Encoding.DER):
        secret = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)

        with pytest.raises(Unauthenticated):
            users_of(provider).identify(signed_by_hmac(secret, {"alg": "HS256", "kid": "first"}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(algorithm: str, provider: Provider) -> None:
    header = encoded({"alg": algorithm, "kid": "first"})

    with pytest.raises(Unauthenticated):
        users_of(provider).identify(f"{header}.{encoded(claims())}.")


def test_an_algorithm_that_is_not_allowed_is_refused(provider: Provider) -> None:
    with pytest.raises(Unauthenticated):
        users_of(provider, algorithms=("ES256",)).identify(provider.token("alice"))


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "e30.e30.e30"])
def test_what_is_no_token_is_refused(token: str, provider: Provider) -> None:
    with pytest.raises(Unauthenticated):
        users_of(provider).identify(token)


def test_a_new_key_is_fetched_when_it_is_first_seen(provider: Provider) -> None:
    users = users_of(provider, look_again_seconds=0)
    users.identify(provider.token("alice"))
    provider.keys = [SigningKey("second"), *provider.keys]

    assert users.identify(provider.token("bob")).owner == "user:bob"


def test_keys_are_not_fetched_for_each_request_nor_for_each_unknown_key(
    provider: Provider,
) -> None:
    users, unknown = users_of(provider, look_again_seconds=3600), SigningKey("unknown")
    before = provider.requests
    for number in range(20):
        users.identify(provider.token("alice"))
        with pytest.raises(Unauthenticated):
            users.identify(provider.token("alice", unknown, {"kid": f"k{number}"}))

    assert provider.requests - before == 1


def test_an_outage_of_the_provider_logs_nobody_out(provider: Provider) -> None:
    users = users_of(provider, look_again_seconds=0)
    users.identify(provider.token("alice"))
    provider.is_away = True

    with pytest.raises(Unauthenticated):
        users.identify(provider.token("alice", headers={"kid": "unknown"}))
    assert users.identify(provider.token("alice")).owner == "user:alice"


def test_without_any_keys_the_answer_is_503_and_not_401(provider: Provider) -> None:
    provider.is_away = True

    with pytest.raises(ApiError) as refused:
        users_of(provider).identify(provider.token("alice"))

    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == "5"


def claims() -> dict[str, Any]:
    return {"sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600}


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_by_hmac(secret: bytes, header: dict[str, str]) -> str:
    signed = f"{encoded(header)}.{encoded(claims())}"
    digest = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
