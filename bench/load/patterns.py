"""The arrival patterns of `make loadtest`: who comes, how many, for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

_SHORT_SECONDS = 6.0


@dataclass(frozen=True)
class Pattern:
    """One run of locust."""

    name: str
    title: str
    users: tuple[str, ...]
    """Names of user classes."""
    count: int
    seconds: float
    """How long users come; the answers that run then go on to their end."""
    tokens: int = 300
    arrive_seconds: float = 5.0
    """How long it takes until all are there."""
    shape: Literal["ramp", "burst"] | None = None
    steps: tuple[int, ...] = ()
    step_seconds: float = 20.0

    def arguments(self) -> list[str]:
        """Return what locust is to be told of it."""
        files = ["bench/load/locustfile.py"]
        told = ["--answer-tokens", str(self.tokens)]
        if self.shape:
            files.append(f"bench/load/shapes/{self.shape}.py")
            told += ["--steps", ",".join(map(str, self.steps))]
            told += ["--step-seconds", f"{self.step_seconds:g}"]
        else:
            rate = self.count / self.arrive_seconds
            told += ["--users", str(self.count), "--spawn-rate", f"{rate:g}"]
            told += ["--run-time", f"{self.seconds:g}s"]
        return ["-f", ",".join(files), *told, *self.users]

    def shortened(self) -> "Pattern":
        """Return it small enough for a test: the same users, few of them, for moments."""
        return replace(
            self,
            count=min(self.count, 12),
            seconds=_SHORT_SECONDS,
            tokens=min(self.tokens, 24),
            arrive_seconds=0.1,
            steps=tuple(min(step, 3 * place) for place, step in enumerate(self.steps[:3], 1)),
            step_seconds=2.0,
        )


PATTERNS = (
    # They come over the length of an answer, and so do their next questions: what waves do to the
    # workers is seen in `burst`.
    Pattern(
        "steady",
        "88 askers, one answer after the other",
        ("Asker",),
        88,
        75,
        arrive_seconds=17,
    ),
    Pattern(
        "ramp",
        "more askers every 20 seconds",
        ("Asker",),
        0,
        0,
        tokens=200,
        shape="ramp",
        steps=(20, 40, 60, 80, 100, 120, 140, 160),
    ),
    Pattern(
        "burst",
        "20 askers, then 200 at once, then 20 again",
        ("Asker",),
        0,
        0,
        tokens=200,
        shape="burst",
        steps=(20, 200),
    ),
    Pattern(
        "mobile", "60 askers who lose their connection every few seconds", ("MobileAsker",), 60, 45
    ),
    Pattern(
        "slow",
        "48 askers, one in seven of whom reads slower than its answer is made",
        ("Asker", "SlowAsker"),
        48,
        45,
    ),
    Pattern(
        "viewers",
        "1,000 viewers of 50 answers",
        ("Host", "Viewer"),
        1050,
        60,
    ),
)


def chosen_patterns(names: Sequence[str]) -> list[Pattern]:
    """Return the patterns of these names. Raises ValueError for one that is not known."""
    known = {pattern.name: pattern for pattern in PATTERNS}
    if unknown := set(names) - known.keys():
        raise ValueError(f"patterns are {', '.join(known)}, not {', '.join(sorted(unknown))}")
    return [known[name] for name in names]
