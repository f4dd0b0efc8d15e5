"""API keys: for programs, which have no browser to log in with."""

import hashlib
import secrets
from typing import Final

from millstream_api.access.refusal import Unauthenticated
from millstream_api.identity import Identity
from millstream_contract.ledger import Ledger

PREFIX: Final = "msk_"

_RANDOM_BYTES: Final = 32
_LENGTH: Final = len(PREFIX) + 43


def new_key() -> str:
    """Return a fresh API key: the prefix, then 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def key_digest(key: str) -> bytes:
    """Return what the ledger keeps of a key.

    One SHA-256 is enough: slow hashes protect what can be guessed, and 256 random bits cannot.
    """
    return hashlib.sha256(key.encode()).digest()


def identify_key(ledger: Ledger, key: str) -> Identity:
    """Return whose key this is. Raises Unauthenticated when it is unknown, revoked or expired."""
    found = ledger.keys.use(key_digest(key)) if len(key) == _LENGTH and key.isascii() else None
    if found is None:
        raise Unauthenticated("The API key is not valid.")
    until = found.expires_at.timestamp() if found.expires_at else None
    return Identity(found.owner, "key", valid_until=until, key_id=found.id)
