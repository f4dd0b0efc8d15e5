"""What viewers read, of Redis and of PostgreSQL: gathered, so that a crowd costs a few trips."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

from millstream_api.gathering import Gathering
from millstream_contract.errors import NotFound
from millstream_contract.frames import Frame
from millstream_contract.ledger.rows import Outline
from millstream_contract.ledger.viewing import Viewing
from millstream_contract.token_log import READ_BATCH, LogReads, Part

T = TypeVar("T")

_LEDGER_WAIT_SECONDS: Final = 0.3
"""How long a viewer waits for a ledger that may be away, while Redis may have something for it."""

# Large answers to a question make short trips: others wait for the same servers.
_LOGS_IN_A_TRIP: Final = 16
_COUNTS_IN_A_TRIP: Final = 200
_OUTLINES_IN_A_TRIP: Final = 200
_STORED_IN_A_TRIP: Final = 16


class Reads:
    """Reads for many greenlets. Each sees what is there when it asks: nothing is kept."""

    def __init__(self, logs: LogReads, ledger: Viewing) -> None:
        """Read these; two connections to Redis are enough, one for frames and one for counts."""
        self._ledger = ledger
        self._parts = Gathering(logs.after, most=_LOGS_IN_A_TRIP)
        self._counts = Gathering(logs.counts, most=_COUNTS_IN_A_TRIP)
        self._outlines = Gathering(self._look_at, most=_OUTLINES_IN_A_TRIP)
        look_soon = partial(self._look_for_ends, wait_seconds=_LEDGER_WAIT_SECONDS)
        self._stored = Gathering(look_soon, most=_STORED_IN_A_TRIP)
        self._stored_for_sure = Gathering(self._look_for_ends, most=_STORED_IN_A_TRIP)

    def read_after(self, response_id: str, cursor: int, limit: int = READ_BATCH) -> list[Frame]:
        """Return what TokenLog.read_after does, of which the caller may change nothing."""
        return self._parts.ask(Part(response_id, cursor, limit))

    def count(self, response_id: str) -> int:
        """Return what TokenLog.count does."""
        return self._counts.ask(response_id)

    def outline(self, response_id: str, owner: str | None = None) -> Outline:
        """Return how a response (of this owner, if one is given) stands.

        Raises NotFound, and LedgerUnavailable.
        """
        outline = self._outlines.ask(response_id)
        if owner is not None and outline.owner != owner:
            raise NotFound(response_id)
        return outline

    def stored(self, response_id: str, *, patiently: bool = False) -> bytes | None:
        """Return the finished stream (frames, joined), or None while there is none.

        patiently: for who cannot go on without it. Raises NotFound, and LedgerUnavailable.
        """
        return (self._stored_for_sure if patiently else self._stored).ask(response_id)

    def _look_at(self, response_ids: list[str]) -> list[Outline | NotFound]:
        return _in_order(response_ids, self._ledger.outlines(response_ids))

    def _look_for_ends(
        self, response_ids: list[str], wait_seconds: float | None = None
    ) -> list[bytes | NotFound | None]:
        found = self._ledger.logs(response_ids, wait_seconds=wait_seconds)
        return _in_order(response_ids, found)


def _in_order(response_ids: Sequence[str], found: Mapping[str, T]) -> list[T | NotFound]:
    return [
        found[response_id] if response_id in found else NotFound(response_id)
        for response_id in response_ids
    ]
