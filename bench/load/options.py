"""What a load test can be told, by command line, environment, or locust's page."""

import os
import uuid
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PREFIX = "MILLSTREAM_LOAD_"


@dataclass(frozen=True)
class LoadOptions:
    """The options of one run of locust."""

    rate: float
    """Tokens a second of the scripted model, for each answer."""
    tokens: int
    """Tokens of an answer."""
    model_url: str | None
    """Where the scripted model listens, to ask it when it sent each token."""
    api_key: str | None
    answer_seconds: float
    """How long an answer may take; one that takes longer hangs."""
    records: Path | None
    """Directory for a line per viewing."""
    steps: tuple[int, ...]
    step_seconds: float

    @classmethod
    def parsed(cls, options: Any) -> "LoadOptions":
        """Read what locust has parsed; an empty text is one that is not set."""
        return cls(
            rate=float(options.model_rate),
            tokens=int(options.answer_tokens),
            model_url=options.model_url or None,
            api_key=options.load_api_key or None,
            answer_seconds=float(options.answer_seconds),
            records=Path(options.records) if options.records else None,
            steps=tuple(int(step) for step in str(options.steps).split(",") if step.strip()),
            step_seconds=float(options.step_seconds),
        )

    def record_path(self) -> Path | None:
        """Return a file of its own for this process, or None."""
        if self.records is None:
            return None
        self.records.mkdir(parents=True, exist_ok=True)
        return self.records / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"


def add_arguments(parser: ArgumentParser) -> None:
    """Tell locust's parser of our options; each has an environment variable."""
    for name, kind, default, text in (
        ("model-rate", float, 20.0, "Tokens a second of the scripted model, for each answer"),
        ("answer-tokens", int, 300, "Tokens of an answer"),
        ("model-url", str, "", "The scripted model, to ask it when it sent each token"),
        ("load-api-key", str, "", "Sent as a bearer token, where the API asks for one"),
        ("answer-seconds", float, 180.0, "An answer that takes longer hangs"),
        ("records", str, "", "Directory for a line of JSON per viewing"),
        ("steps", str, "20,40,60,80", "Users of each step, where a shape has steps"),
        ("step-seconds", float, 20.0, "Length of a step"),
    ):
        variable = _PREFIX + name.removeprefix("load-").upper().replace("-", "_")
        # A user's own argument of locust's parser: it knows the environment's part.
        parser.add_argument(
            f"--{name}",
            type=kind,
            default=default,
            env_var=variable,
            help=f"{text} ({variable})",
        )
