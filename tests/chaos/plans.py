"""What is asked and how it is watched: all of it follows from the seed and the answer's number."""

import random
from dataclasses import dataclass
from enum import StrEnum

from bench.scripted_model.fault import Fault
from bench.scripted_model.script import Script

FAT_SCRIPT = "fat"
_FAT_TOKENS = 160
_FAT_TOKEN_CHARACTERS = 600

MODEL_FAULTS = ("refuse", "429", "500", "cut", "stall", "no_finish", "garbage", "error_event")


class ViewerKind(StrEnum):
    """How a viewer behaves."""

    STEADY = "steady"
    CUT = "cut"
    """Its connection is cut again and again; it comes back with its cursor."""
    LATE = "late"
    """It comes in the middle, from the beginning: a reload, or a second tab."""
    SLOW = "slow"
    """It reads slower than the answer is made, by small packets and small buffers."""


@dataclass(frozen=True)
class Load:
    """How much is asked, and how often something is done to it; shares are 0..1."""

    concurrent: int = 12
    tokens: tuple[int, int] = (60, 200)
    rate: tuple[int, int] = (25, 45)
    model_fault_share: float = 0.3
    stop_share: float = 0.1
    slow_share: float = 0.05
    cut_share: float = 0.5
    late_share: float = 0.15


@dataclass(frozen=True)
class AnswerPlan:
    """One answer: what the model says, and what happens to it and its viewers."""

    number: int
    script: Script
    text: str
    streamed: bool
    """Whether it is asked for as a stream, or in the background."""
    viewers: tuple[ViewerKind, ...]
    model_fault: str | None = None
    stop_after_events: int | None = None

    @property
    def question(self) -> str:
        """What is asked."""
        return f"Which script is played? {self.script.directive()}"


def fat_tokens() -> list[str]:
    """Give the tokens of the answer that slow viewers see: large ones, to fill every buffer."""
    letters = random.Random("fat")
    return [
        " " + letters.choice("abcdefgh") * (_FAT_TOKEN_CHARACTERS - 1) for _ in range(_FAT_TOKENS)
    ]


FAT_TEXT = "".join(fat_tokens())


def plan_answer(seed: int, number: int, load: Load) -> AnswerPlan:
    """Plan an answer; the same for the same seed, number and load."""
    chance = random.Random(f"{seed}/{number}")
    name = f"c{seed}n{number:06d}"
    rate = chance.randint(*load.rate)
    streamed = chance.random() < 0.5
    if chance.random() < load.slow_share:
        script = Script(name=FAT_SCRIPT, rate=rate, id=name)
        slow = (ViewerKind.STEADY, ViewerKind.SLOW)
        return AnswerPlan(number, script, FAT_TEXT, streamed, slow)
    tokens = chance.randint(*load.tokens)
    fault = chance.choice(MODEL_FAULTS) if chance.random() < load.model_fault_share else None
    script = Script(
        tokens=tokens,
        seed=chance.randrange(1_000_000),
        rate=rate,
        id=name,
        fault=_fault(fault, chance.randint(1, tokens - 1)),
        fault_times=1 if fault else None,
    )
    stop = chance.randint(3, tokens) if chance.random() < load.stop_share else None
    viewers = _viewers(chance, load)
    return AnswerPlan(number, script, script.text, streamed, viewers, fault, stop)


def _viewers(chance: random.Random, load: Load) -> tuple[ViewerKind, ...]:
    viewers = [ViewerKind.STEADY]
    if chance.random() < load.cut_share:
        viewers.append(ViewerKind.CUT)
    if chance.random() < load.late_share:
        viewers.append(ViewerKind.LATE)
    return tuple(viewers)


def _fault(kind: str | None, place: int) -> Fault | None:
    match kind:
        case None:
            return None
        case "refuse":
            return Fault("refuse")
        case "429":
            return Fault("status", 429, retry_after_seconds=1)
        case "500":
            return Fault("status", 500)
        case "cut" | "stall" | "no_finish" | "garbage" | "error_event":
            return Fault(kind, place)
    raise ValueError(f"no model fault is called {kind!r}")
