"""When the tokens of a stream arrived, for a viewer whose bytes are known to be the stored ones."""

from collections.abc import Sequence
from itertools import accumulate

from bench.load.sighting import Sighting

_TOKEN = b'\ndata: {"type":"response.output_text.delta"'


def token_ends(stored: bytes) -> list[int]:
    """Return, for each token of a stored stream, how many bytes of it there are at its end."""
    ends, place = [], stored.find(_TOKEN)
    while place >= 0:
        end = stored.index(b"\n\n", place) + 2
        ends.append(end)
        place = stored.find(_TOKEN, end)
    return ends


def live_delays_ms(
    sighting: Sighting, stored: bytes, ends: Sequence[int], sent_at_us: Sequence[int]
) -> list[float]:
    """Return each token's way from the model to the viewer, of those sent while it was looking.

    Only for an unbroken sighting whose bytes are those of ``stored``; else nothing.
    """
    if len(sighting.connections) != 1 or len(ends) != len(sent_at_us):
        return []
    pieces = sighting.connections[0]
    seen = sum(len(data) for _, data in pieces)
    before = len(stored) - seen
    if before < 0 or b"".join(data for _, data in pieces) != stored[before:]:
        return []
    totals = list(accumulate(len(data) for _, data in pieces))
    delays, at = [], 0
    for end, sent in zip(ends, sent_at_us, strict=True):
        if end <= before or sent / 1e6 < pieces[0][0]:
            continue
        while totals[at] < end - before:
            at += 1
        delays.append(round(pieces[at][0] * 1000 - sent / 1000, 2))
    return delays
