"""The ways in which the scripted model can misbehave."""

from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal["refuse", "status", "cut", "stall", "error_event", "no_finish", "garbage"]
FaultScope = Literal["stream", "plain", "both"]


@dataclass(frozen=True)
class Fault:
    """A fault: `number` is the HTTP status, or the tokens of the answer that are sent before it."""

    kind: FaultKind
    number: int = 0
    retry_after_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"fault {self.kind!r} is not known")

    @property
    def before_answer(self) -> bool:
        """Whether the call fails before any token."""
        return self.kind in {"refuse", "status"}

    def __str__(self) -> str:
        """Write the fault as a directive spells it."""
        if self.kind == "refuse":
            return self.kind
        tail = (
            "" if self.retry_after_seconds is None else f":retry_after={self.retry_after_seconds:g}"
        )
        return f"{self.kind}:{self.number}{tail}"

    @classmethod
    def parse(cls, written: str) -> "Fault":
        """Read a fault as a directive spells it. Raises ValueError."""
        kind, *rest = written.split(":")
        number = int(rest[0]) if rest else 0
        retry_after = None
        for extra in rest[1:]:
            name, _, value = extra.partition("=")
            if name != "retry_after":
                raise ValueError(f"{extra!r} of a fault is not known")
            retry_after = float(value)
        return cls(kind, number, retry_after)  # type: ignore[arg-type]
