"""The answers that are being made just now, for viewers to choose from."""

from dataclasses import dataclass, field

from gevent.event import Event

from bench.load.asking import Asking


@dataclass
class Airing:
    """One running answer and its viewers."""

    asking: Asking
    viewers: int = 0
    over: Event = field(default_factory=Event)
    stored: bytes = b""
    """The whole stored stream, once it is over; empty when it could not be read."""
    token_ends: list[int] = field(default_factory=list)


class OnAir:
    """All airings of this process of the generator."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: list[Airing] = []

    def add(self, airing: Airing) -> None:
        """Let viewers come."""
        self._running.append(airing)

    def remove(self, airing: Airing) -> None:
        """Let no more viewers come; those that are there learn that it is over."""
        if airing in self._running:
            self._running.remove(airing)
        airing.over.set()

    def least_viewed(self) -> Airing | None:
        """Return the accepted answer with the fewest viewers, None when there is none."""
        known = [one for one in self._running if one.asking.sighting.response_id]
        return min(known, key=lambda one: one.viewers, default=None)
