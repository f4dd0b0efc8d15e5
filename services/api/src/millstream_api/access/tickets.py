"""Tickets: a browser's EventSource cannot send a header, so its address carries one.

A ticket is a time and a signature over it, the response's id and the owner. It opens the stream of
that one response, for a short time, and tells nothing: the owner's name is not in it.
"""

import hashlib
import re
import secrets
from typing import Final

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner

from millstream_api.access.refusal import Unauthenticated

_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,12}\.[A-Za-z0-9_-]{43}", re.ASCII)


class Tickets:
    """Issues and checks tickets."""

    def __init__(self, secret: str | None, seconds: int) -> None:
        """Sign by ``secret``; without one by a random one, which no other process knows."""
        self._signer = TimestampSigner(
            secret or secrets.token_urlsafe(32), salt="millstream.ticket", digest_method=_sha256
        )
        self._seconds = seconds

    def issue(self, response_id: str, owner: str) -> tuple[str, int]:
        """Return a ticket for the owner's response, and when it ends (seconds since 1970)."""
        subject = _subject(response_id, owner)
        ticket = self._signer.sign(subject).decode().removeprefix(f"{subject}.")
        _, signed_at = self._signer.unsign(f"{subject}.{ticket}", return_timestamp=True)
        return ticket, int(signed_at.timestamp()) + self._seconds

    def check(self, ticket: str, response_id: str, owner: str) -> None:
        """Raise Unauthenticated unless the ticket is for this response of this owner."""
        if _FORM.fullmatch(ticket) is None:
            raise Unauthenticated("The ticket is not valid.")
        try:
            subject = _subject(response_id, owner)
            self._signer.unsign(f"{subject}.{ticket}", max_age=self._seconds)
        except SignatureExpired:
            raise Unauthenticated("The ticket has expired.", code="expired_ticket") from None
        except BadSignature:
            raise Unauthenticated("The ticket is not valid.") from None


def _subject(response_id: str, owner: str) -> str:
    return f"{response_id}:{owner}"


def _sha256(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.sha256(data)
