"""What stands on the work board: who holds an attempt, and who waits for a turn."""

import re
from dataclasses import dataclass
from typing import Final

_RESPONSE: Final = re.compile(rb"resp_[0-9a-f]{32}")
_LEASE: Final = re.compile(rb"(resp_[0-9a-f]{32})/([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one attempt to write a response, as long as it is renewed."""

    response_id: str
    attempt: int

    def __str__(self) -> str:
        """Return the lease as it stands on the board."""
        return f"{self.response_id}/{self.attempt}"

    @classmethod
    def of(cls, text: bytes) -> "Lease":
        """Read a lease from the board."""
        response_id, _, attempt = text.decode().rpartition("/")
        return cls(response_id, int(attempt))

    @classmethod
    def if_any(cls, text: bytes) -> "Lease | None":
        """Read what may be anything; None: it is no lease."""
        found = _LEASE.fullmatch(text)
        return cls(found[1].decode(), int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A response that waits for its turn in a conversation; the lower turn comes first."""

    response_id: str
    turn: int
    conversation_id: str


def response_if_any(text: bytes) -> str | None:
    """Read the id of a response from what may be anything; None: it is no such id."""
    return text.decode() if _RESPONSE.fullmatch(text) else None
