"""Series in time, in the notation of promtool's tests: ``0+1x10``, ``5x3``, ``_x4``, ``stale``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Labels = frozenset[tuple[str, str]]
Sample = tuple[float, float]
"""Seconds since the beginning, and a value."""

LOOKBACK_SECONDS = 300.0
"""How long the last sample of a series counts as its value."""

_NAMED = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)?\s*(?:\{(?P<labels>.*)\})?")
_LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"([^"]*)"')
_RUN = re.compile(
    r"(?P<first>-?\d+(?:\.\d+)?|_)(?:(?P<sign>[+-])(?P<step>\d+(?:\.\d+)?))?(?:x(?P<times>\d+))?"
)


@dataclass(frozen=True, slots=True)
class Series:
    """What was scraped of one series. stale_at: when it was found to be gone, if it was."""

    labels: Labels
    samples: Sequence[Sample]
    stale_at: Sequence[float] = field(default=())

    def at(self, now: float) -> float | None:
        """Return the value that an instant query finds."""
        seen = [one for one in self.samples if now - LOOKBACK_SECONDS < one[0] <= now]
        if not seen or any(seen[-1][0] < gone <= now for gone in self.stale_at):
            return None
        return seen[-1][1]

    def within(self, now: float, seconds: float) -> list[Sample]:
        """Return the samples of a range."""
        return [one for one in self.samples if now - seconds < one[0] <= now]


def parsed(name_and_labels: str, values: str, interval: float) -> Series:
    """Read a series. Raises ValueError for what is none."""
    samples: list[Sample] = []
    stale: list[float] = []
    for position, value in enumerate(_expanded(values)):
        if value == "stale":
            stale.append(position * interval)
        elif value is not None:
            samples.append((position * interval, float(value)))
    return Series(labels_of(name_and_labels), samples, stale)


def labels_of(text: str) -> Labels:
    """Read ``name{label="value"}``. Raises ValueError."""
    found = _NAMED.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a series: {text}")
    return with_name(dict(_LABEL.findall(found["labels"] or "")), found["name"])


def with_name(labels: Mapping[str, str], name: str | None) -> Labels:
    """Return labels, the name being one of them."""
    return frozenset({**labels, **({"__name__": name} if name else {})}.items())


def _expanded(values: str) -> Iterator[float | str | None]:
    for word in values.split():
        if word == "stale":
            yield "stale"
            continue
        run = _RUN.fullmatch(word)
        if run is None:
            raise ValueError(f"not values: {word}")
        times = int(run["times"] or 0)
        if run["first"] == "_":
            yield from [None] * (times or 1)
            continue
        step = float(f"{run['sign'] or '+'}{run['step'] or 0}")
        yield from (float(run["first"]) + step * number for number in range(times + 1))
