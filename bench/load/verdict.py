"""Was every promise kept? What was seen of an answer, against what was said and is stored.

Pure. The strict reader and the witness are those of the chaos runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.load.sighting import Sighting
from tests.chaos.witness import Witness
from tests.harness.sse import StreamEvent, StrictReader, WireError
from tests.harness.transcript import DELTA

_STORED_FIELDS = ("id", "status", "output", "usage", "error", "incomplete_details", "model")


@dataclass
class Verdict:
    """What came of one viewing. Times in seconds of time.monotonic."""

    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    ended: bool = False
    events: int = 0
    begun_at: float | None = None
    """When it was seen that a worker began."""
    token_times: list[float] = field(default_factory=list)
    first_token_number: int = 0
    """The sequence number of the first piece of text."""
    resets: int = 0
    final: dict[str, Any] | None = None


def examine(sighting: Sighting, known_text: str) -> Verdict:
    """Read all that a viewer from the beginning has seen, event by event."""
    witness, verdict = Witness(known_text), Verdict()
    for connection in sighting.connections:
        reader = StrictReader()
        try:
            for at, data in connection:
                for item in reader.feed(data):
                    witness.add(item, at)
                    if isinstance(item, StreamEvent):
                        _note(verdict, item, at)
        except WireError as error:
            verdict.wrong.append(str(error))
    verdict.lost, verdict.doubled = witness.lost, witness.doubled
    verdict.wrong += witness.wrong
    verdict.ended = witness.ended and witness.done
    verdict.token_times = witness.token_times
    verdict.resets = witness.resets
    verdict.final = witness.final
    return verdict


def compare_with_stored(final: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """Return a line for each field in which the stored answer is not what the stream ended with."""
    return [
        f"the stored {name} is not the one that the stream ended with"
        for name in _STORED_FIELDS
        if final.get(name) != stored.get(name)
    ]


def compare_streams(sighting: Sighting, stored: bytes) -> Verdict:
    """Hold a viewer's bytes against the stored stream: each frame from its cursor on, once.

    Cheap when they are equal, as they should be.
    """
    seen = b"".join(sighting.whole_frames())
    due = _behind(stored, sighting.start)
    verdict = Verdict(ended=sighting.ended)
    if seen == due:
        return verdict
    mine, theirs = _frames(seen), _frames(due)
    verdict.lost = len(set(theirs) - set(mine)) if sighting.ended else 0
    verdict.doubled = len(mine) - len(set(mine))
    if unknown := set(mine) - set(theirs):
        verdict.wrong.append(f"{len(unknown)} frames are not those that are stored")
    elif not verdict.doubled and mine != theirs[: len(mine)] and not verdict.lost:
        verdict.wrong.append("the frames came out of order")
    return verdict


def delays_ms(token_times: Sequence[float], sent_at_us: Sequence[int]) -> list[float]:
    """Return how long each token took from the model server to the viewer, in milliseconds.

    Empty when the two do not belong together: the model was asked twice, or answered in part.
    """
    if len(token_times) != len(sent_at_us):
        return []
    pairs = zip(token_times, sent_at_us, strict=True)
    return [round(at * 1000 - sent / 1000, 2) for at, sent in pairs]


def _note(verdict: Verdict, event: StreamEvent, at: float) -> None:
    verdict.events += 1
    if event.type == "response.in_progress" and verdict.begun_at is None:
        verdict.begun_at = at
    elif event.type == DELTA and not verdict.first_token_number:
        verdict.first_token_number = event.number


def _frames(data: bytes) -> list[bytes]:
    # What has no number is no part of the stream: a keep-alive, an aside such as a place in line.
    pieces = data.split(b"\n\n")
    return [piece for piece in pieces if piece.startswith(b"id: ") or piece == b"data: [DONE]"]


def _behind(stored: bytes, cursor: int) -> bytes:
    if cursor < 0:
        return stored
    place = stored.find(b"\nid: %d\n" % (cursor + 1))
    return stored[place + 1 :] if place >= 0 else b"data: [DONE]\n\n"
