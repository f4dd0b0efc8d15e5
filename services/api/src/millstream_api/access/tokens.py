"""The oidc mode: bearer tokens (JWT) of an OpenID provider, checked against its public keys."""

from dataclasses import dataclass
from typing import Any

import jwt

from millstream_api.access.refusal import Unauthenticated
from millstream_api.access.settings import AccessSettings
from millstream_api.access.signing_keys import SigningKeys
from millstream_api.access.user_names import checked_name
from millstream_api.identity import Identity, owner_named


@dataclass(frozen=True, slots=True)
class TokenUsers:
    """Takes the user from a token of the one provider, for the one audience."""

    keys: SigningKeys
    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    owner_claim: str
    leeway_seconds: int

    @classmethod
    def of(cls, settings: AccessSettings) -> "TokenUsers":
        """Return the users that the settings' provider knows."""
        return cls(
            SigningKeys(settings.oidc_jwks_url),
            settings.oidc_issuer,
            settings.oidc_audience,
            settings.oidc_algorithms,
            settings.oidc_owner_claim,
            settings.oidc_leeway_seconds,
        )

    def identify(self, token: str) -> Identity:
        """Return the user of a token. Raises Unauthenticated."""
        try:
            claims = self._claims(token)
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.", code="expired_token") from None
        except jwt.InvalidAudienceError:
            raise Unauthenticated("The token is for another audience.") from None
        except jwt.InvalidIssuerError:
            raise Unauthenticated("The token is from another issuer.") from None
        except jwt.MissingRequiredClaimError as error:
            raise Unauthenticated(f"The token has no {error.claim}.") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise Unauthenticated("The token is not valid.") from None
        name = checked_name(f"The token's {self.owner_claim}", claims.get(self.owner_claim))
        valid_until = float(claims["exp"]) + self.leeway_seconds
        return Identity(owner_named(name), "token", valid_until=valid_until)

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        # Before any key is looked for: what is not accepted costs no request to the provider.
        if header.get("alg") not in self.algorithms or not isinstance(header.get("kid"), str):
            raise jwt.InvalidAlgorithmError
        # As a PyJWK, the key itself says which algorithm it is for: a public key is no HMAC secret.
        return jwt.decode(
            token,
            self.keys.find(header["kid"]),
            algorithms=list(self.algorithms),
            audience=self.audience,
            issuer=self.issuer,
            leeway=self.leeway_seconds,
            options={"require": ["exp", "iss", "aud"]},
        )
