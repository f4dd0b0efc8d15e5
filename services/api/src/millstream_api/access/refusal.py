"""The refusal of a request whose sender is not known."""

from typing import Final

from millstream_api.errors import ApiError

_CHALLENGE: Final = 'Bearer realm="millstream"'


class Unauthenticated(ApiError):
    """401: the login is missing, or proves nothing. Says which, and never shows it."""

    def __init__(self, message: str, *, code: str = "invalid_credentials") -> None:
        """Refuse; ``code`` is "missing_credentials" when there were none at all."""
        challenge = _CHALLENGE
        if code != "missing_credentials":
            challenge += ', error="invalid_token"'
        super().__init__(401, message, code=code, headers={"WWW-Authenticate": challenge})


def missing(what: str) -> Unauthenticated:
    """Return the refusal of a request without any login."""
    return Unauthenticated(f"Log in first: {what}", code="missing_credentials")
