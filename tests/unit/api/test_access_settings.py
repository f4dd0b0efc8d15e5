"""A mode that is set up halfway, or would let everybody in, does not start."""

import pytest
from pydantic import ValidationError

from millstream_api.settings import Settings

_ADDRESSES = {"DATABASE_URL": "postgresql://127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1:1"}
_OIDC = {
    "MILLSTREAM_AUTH_MODE": "oidc",
    "MILLSTREAM_OIDC_ISSUER": "https://login.example",
    "MILLSTREAM_OIDC_AUDIENCE": "millstream",
    "MILLSTREAM_OIDC_JWKS_URL": "https://login.example/keys",
}
_PROXY = {"MILLSTREAM_AUTH_MODE": "proxy"}
_SECRET = "0123456789abcdef" * 2


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in {**_ADDRESSES, **variables}.items():
        monkeypatch.setenv(name, value)
    return Settings()  # type: ignore[call-arg]  # they come from the environment


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"MILLSTREAM_AUTH_MODE": "none"}, "local"),
        ({"MILLSTREAM_API_HOST": "0.0.0.0"}, "MILLSTREAM_API_HOST=0.0.0.0"),
        ({"MILLSTREAM_API_HOST": "::"}, "loopback only"),
        ({"MILLSTREAM_API_HOST": ""}, "loopback only"),
        ({"MILLSTREAM_API_HOST": "millstream.example"}, "loopback only"),
        (_PROXY, "MILLSTREAM_PROXY_NETWORKS"),
        ({**_PROXY, "MILLSTREAM_PROXY_NETWORKS": "10.0.0.1/8"}, "not a valid"),
        ({**_PROXY, "MILLSTREAM_PROXY_NETWORKS": "proxy"}, "network"),
        ({**_PROXY, "MILLSTREAM_PROXY_SECRET": "short"}, "32 characters"),
        ({**_OIDC, "MILLSTREAM_OIDC_ISSUER": ""}, "MILLSTREAM_OIDC_ISSUER"),
        ({**_OIDC, "MILLSTREAM_OIDC_AUDIENCE": ""}, "MILLSTREAM_OIDC_AUDIENCE"),
        ({**_OIDC, "MILLSTREAM_OIDC_JWKS_URL": ""}, "MILLSTREAM_OIDC_JWKS_URL"),
        ({**_OIDC, "MILLSTREAM_OIDC_JWKS_URL": "http://login.example/keys"}, "https"),
        ({**_OIDC, "MILLSTREAM_OIDC_JWKS_URL": "file:///etc/passwd"}, "https"),
        ({**_OIDC, "MILLSTREAM_OIDC_ALGORITHMS": "HS256"}, "HS256 is not one of"),
        ({**_OIDC, "MILLSTREAM_OIDC_ALGORITHMS": "none"}, "none is not one of"),
        ({**_OIDC, "MILLSTREAM_OIDC_ALGORITHMS": ""}, "at least 1"),
        ({"MILLSTREAM_TICKET_SECRET": "short"}, "32 characters"),
    ],
)
def test_an_unsafe_mode_does_not_start_and_says_why(
    variables: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=says):
        settings(monkeypatch, **variables)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"MILLSTREAM_API_HOST": "localhost"},
        {"MILLSTREAM_API_HOST": "::1"},
        {
            "MILLSTREAM_API_HOST": "0.0.0.0",
            "MILLSTREAM_UNSAFE_LOCAL_MODE_ON_ANY_ADDRESS": "true",
        },
        {**_PROXY, "MILLSTREAM_API_HOST": "0.0.0.0", "MILLSTREAM_PROXY_SECRET": _SECRET},
        {**_PROXY, "MILLSTREAM_PROXY_NETWORKS": "10.0.3.0/24, fd00::/8"},
        {**_OIDC, "MILLSTREAM_API_HOST": "0.0.0.0"},
    ],
)
def test_a_mode_that_keeps_strangers_out_starts(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(monkeypatch, **variables).auth_mode in {"local", "proxy", "oidc"}


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(settings(monkeypatch, **_PROXY, MILLSTREAM_PROXY_SECRET=_SECRET))

    assert _SECRET not in shown
