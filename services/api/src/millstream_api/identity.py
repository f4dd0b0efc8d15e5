"""Who asks. Every object in the ledger has an owner, and another's id is answered 404."""

from typing import Final

_LOCAL_OWNER: Final = "local"


def current_owner() -> str:
    """Return the owner of the current request: there is one user, on one machine."""
    return _LOCAL_OWNER
