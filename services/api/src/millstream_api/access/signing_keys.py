"""The public keys of an OpenID provider, kept for a while and over its outages."""

import logging
import time
from typing import Final

from jwt import PyJWK, PyJWKClient, PyJWKClientConnectionError, PyJWKClientError, PyJWTError

from millstream_api.access.refusal import Unauthenticated
from millstream_api.errors import ApiError

logger = logging.getLogger(__name__)

_FETCH_SECONDS: Final = 3.0
_LIFESPAN_SECONDS: Final = 300.0

_LOOK_AGAIN_SECONDS: Final = 10.0
"""How soon an unknown key, or a provider that is away, is asked for again: not for each request."""

_STALE_SECONDS: Final = 3600.0
"""How long keys count while the provider is away: its outage should not log everybody out."""


class SigningKeys:
    """Finds keys by their ids. A new one (rotation) is fetched when it is first seen."""

    def __init__(self, url: str, *, look_again_seconds: float = _LOOK_AGAIN_SECONDS) -> None:
        """Fetch from ``url``, when a key is first asked for."""
        self._client = PyJWKClient(
            url,
            lifespan=_LIFESPAN_SECONDS,
            timeout=_FETCH_SECONDS,
            cooldown_duration=look_again_seconds,
        )
        self._look_again_seconds = look_again_seconds
        self._known: dict[str, PyJWK] = {}
        self._known_at = 0.0
        self._away_until = 0.0

    def find(self, key_id: str) -> PyJWK:
        """Return the key of this id. Raises Unauthenticated, or ApiError (503) without any keys."""
        if time.monotonic() < self._away_until:
            return self._remembered(key_id)
        try:
            key = self._client.get_signing_key(key_id)
            self._remember()
        except PyJWKClientConnectionError as error:
            logger.warning("the keys of the OpenID provider cannot be had now: %s", error)
            self._away_until = time.monotonic() + self._look_again_seconds
            return self._remembered(key_id)
        except PyJWKClientError:
            raise Unauthenticated("The token is signed by an unknown key.") from None
        except (PyJWTError, ValueError) as error:
            logger.error("the OpenID provider's keys are none: %s", error)
            return self._remembered(key_id)
        return key

    def _remember(self) -> None:
        self._known = {str(key.key_id): key for key in self._client.get_signing_keys()}
        self._known_at = time.monotonic()

    def _remembered(self, key_id: str) -> PyJWK:
        if not self._known or time.monotonic() - self._known_at > _STALE_SECONDS:
            message = "The OpenID provider does not answer; try again."
            raise ApiError(503, message, code="identity_unavailable", retry_after_seconds=5)
        if key_id not in self._known:
            raise Unauthenticated("The token is signed by an unknown key.")
        return self._known[key_id]
