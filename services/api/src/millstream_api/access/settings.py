"""The settings that say who may."""

import ipaddress
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, IPvAnyNetwork, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

# Public-key algorithms only: with a shared secret, whoever can check a token can make one.
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

_SECRET_CHARACTERS: Final = 32


class AccessSettings(BaseSettings):
    """Who may, and how that is known."""

    auth_mode: Literal["local", "proxy", "oidc"] = Field(
        "local",
        description="Who may: local (one user, no login, loopback only), proxy (a reverse proxy "
        "names the user) or oidc (tokens of an OpenID provider).",
    )
    unsafe_local_mode_on_any_address: bool = Field(
        False,
        description="Lets the local mode listen on other addresses than the loopback: whoever "
        "reaches the API is then its one user.",
    )
    proxy_networks: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = Field(
        (),
        description="Networks (such as 10.0.3.0/24) from which the reverse proxy connects, "
        "separated by commas.",
    )
    proxy_secret: SecretStr | None = Field(
        None,
        description="What the reverse proxy sends as X-Millstream-Proxy-Secret, 32 characters or "
        "more.",
    )
    proxy_user_header: str = Field(
        "X-Forwarded-User",
        pattern=r"^[A-Za-z][A-Za-z0-9-]*$",
        description="Header in which the reverse proxy names the user.",
    )
    oidc_issuer: str = Field("", description="Issuer of the tokens, exactly as in their iss.")
    oidc_audience: str = Field("", description="Audience that a token must be for.")
    oidc_jwks_url: str = Field(
        "", description="Where the provider's public keys are: https, or http on the loopback."
    )
    oidc_algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
        ("RS256", "ES256"),
        min_length=1,
        description="Signature algorithms that are accepted, separated by commas.",
    )
    oidc_owner_claim: str = Field(
        "sub", min_length=1, description="Claim of a token that names its user."
    )
    oidc_leeway_seconds: int = Field(
        30, ge=0, le=300, description="How far the provider's clock may be off."
    )
    ticket_secret: SecretStr | None = Field(
        None,
        description="Signs tickets for streams, 32 characters or more; the same for all replicas. "
        "Unset, each process makes its own.",
    )
    ticket_seconds: int = Field(
        120, ge=5, le=3600, description="How long a ticket opens its stream."
    )

    @field_validator("proxy_networks", "oidc_algorithms", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("oidc_algorithms")
    @classmethod
    def _only_public_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - ALGORITHMS:
            raise ValueError(f"{sorted(unknown)[0]} is not one of {', '.join(sorted(ALGORITHMS))}")
        return value

    @field_validator("oidc_jwks_url")
    @classmethod
    def _only_safe_transport(cls, value: str) -> str:
        parts = urlsplit(value)
        on_loopback = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if value and not (parts.scheme == "https" or on_loopback):
            raise ValueError("must be an https:// address, or http:// on the loopback")
        return value

    @field_validator("proxy_secret", "ticket_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SECRET_CHARACTERS:
            raise ValueError(f"must have {_SECRET_CHARACTERS} characters or more")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.auth_mode == "proxy" and not self.proxy_networks and self.proxy_secret is None:
            raise ValueError(
                "MILLSTREAM_AUTH_MODE=proxy needs MILLSTREAM_PROXY_NETWORKS or "
                "MILLSTREAM_PROXY_SECRET: else whoever reaches the API could name any user"
            )
        if self.auth_mode == "oidc":
            for name in ("oidc_issuer", "oidc_audience", "oidc_jwks_url"):
                if not getattr(self, name):
                    raise ValueError(f"MILLSTREAM_AUTH_MODE=oidc needs MILLSTREAM_{name.upper()}")
        return self

    def check_listening_on(self, host: str) -> None:
        """Raise ValueError when the mode must not be served on this address."""
        if (
            self.auth_mode == "local"
            and not self.unsafe_local_mode_on_any_address
            and not is_loopback(host)
        ):
            raise ValueError(
                f"MILLSTREAM_API_HOST={host}: MILLSTREAM_AUTH_MODE=local knows no login and "
                "listens on the loopback only; choose proxy or oidc (docs/operating/security.md)"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
