"""Who asks. Every object in the ledger has an owner, and another's id is answered 404."""

from dataclasses import dataclass
from typing import Final, Literal, cast

from flask import g

LOCAL_OWNER: Final = "local"

Login = Literal["local", "proxy", "token", "key", "ticket"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a request is from, and how that is known.

    owner: as the ledger has it. valid_until: seconds since 1970 after which the login proves
    nothing any more, None if it has no such end. key_id: the API key, if it was one.
    """

    owner: str
    login: Login
    valid_until: float | None = None
    key_id: str | None = None


def owner_named(name: str) -> str:
    """Return the owner for a user's name: apart from the one user of the local mode."""
    return f"user:{name}"


def identify_request(identity: Identity) -> None:
    """Make this the identity of the current request."""
    g.millstream_identity = identity


def current_identity() -> Identity:
    """Return whom the current request is from. Only routes that are open to all have none."""
    return cast(Identity, g.millstream_identity)


def current_owner() -> str:
    """Return the owner of the current request."""
    return current_identity().owner
