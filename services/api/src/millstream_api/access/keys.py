"""API keys: for programs, which have no browser to log in with."""

import hashlib
import secrets
from typing import Final

from millstream_api.access.refusal import Unauthenticated
from millstream_api.gathering import Gathering
from millstream_api.identity import Identity
from millstream_contract.ledger.api_keys import ApiKeys, ValidKey

PREFIX: Final = "msk_"

_RANDOM_BYTES: Final = 32
_LENGTH: Final = len(PREFIX) + 43

_IN_A_TRIP: Final = 200


def new_key() -> str:
    """Return a fresh API key: the prefix, then 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def key_digest(key: str) -> bytes:
    """Return what the ledger keeps of a key.

    One SHA-256 is enough: slow hashes protect what can be guessed, and 256 random bits cannot.
    """
    return hashlib.sha256(key.encode()).digest()


class KeyUsers:
    """Users who bring an API key: of all who come at the same time, asked of the ledger together.

    Nothing is kept between trips: a key that was revoked is of no use to who comes next.
    """

    def __init__(self, keys: ApiKeys) -> None:
        """Know these keys."""
        self._keys = keys
        self._found = Gathering(self._find, most=_IN_A_TRIP)
        self._noted = Gathering(self._note, most=_IN_A_TRIP)
        self._checked = Gathering(self._check, most=_IN_A_TRIP)

    def identify(self, key: str) -> Identity:
        """Return whose key this is, and note its use.

        Raises Unauthenticated when it is unknown, revoked or expired; LedgerUnavailable.
        """
        found = self._found.ask(key_digest(key)) if len(key) == _LENGTH and key.isascii() else None
        if found is None:
            raise _refused()
        if not found.is_noted:
            self._noted.ask(found.id)
        until = found.expires_at.timestamp() if found.expires_at else None
        return Identity(found.owner, "key", valid_until=until, key_id=found.id)

    def check_still_valid(self, key_id: str) -> None:
        """Raise Unauthenticated when a key that was good is of no use any more."""
        if not self._checked.ask(key_id):
            raise _refused()

    def _find(self, digests: list[bytes]) -> list[ValidKey | None]:
        found = self._keys.valid(digests)
        return [found.get(digest) for digest in digests]

    def _note(self, key_ids: list[str]) -> list[None]:
        self._keys.note_uses(key_ids)
        return [None] * len(key_ids)

    def _check(self, key_ids: list[str]) -> list[bool]:
        valid = self._keys.still_valid(key_ids)
        return [key_id in valid for key_id in key_ids]


def _refused() -> Unauthenticated:
    return Unauthenticated("The API key is not valid.")
