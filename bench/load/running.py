"""Runs locust for one pattern, and collects what it and the watch have seen."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.load.patterns import Pattern
from bench.load.record import Record, read_records
from bench.load.stage import Stage
from bench.load.watch import Heard, Sample, Watch

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 180
"""How long answers may take to end when no new ones are asked any more."""


class GeneratorFailed(Exception):
    """Locust itself ended wrongly."""


@dataclass(frozen=True)
class Run:
    """One pattern's run. Times in seconds of time.monotonic."""

    pattern: Pattern
    begun_at: float
    ended_at: float
    load_before: float
    records: list[Record]
    samples: list[Sample]
    heard: list[Heard]


def run_pattern(stage: Stage, pattern: Pattern, rate: float) -> Run:
    """Run one pattern against a stage. Raises GeneratorFailed."""
    with tempfile.TemporaryDirectory(prefix="millstream-load-") as directory:
        records = Path(directory)
        begun, load = time.monotonic(), os.getloadavg()[0]
        with Watch(stage.parts, stage.redis_url) as watch:
            _locust(_arguments(stage, pattern, rate, records), watch)
            ended = time.monotonic()
        return Run(
            pattern,
            begun,
            ended,
            load,
            read_records(records.glob("*.jsonl")),
            watch.samples,
            watch.heard,
        )


def _arguments(stage: Stage, pattern: Pattern, rate: float, records: Path) -> list[str]:
    return [
        *("--headless", "--only-summary", "--loglevel", "WARNING", "--exit-code-on-error", "0"),
        *("--host", stage.api_url, "--model-url", stage.model_url or ""),
        *("--model-rate", f"{rate:g}", "--records", str(records)),
        *("--stop-timeout", str(_STOP_SECONDS)),
        *pattern.arguments(),
    ]


def _locust(arguments: list[str], watch: Watch) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        watch.add("generator", psutil.Process(process.pid))
        output, _ = process.communicate()
        watch.remove("generator")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise GeneratorFailed(f"locust ended with {process.returncode}:\n{output.decode()}")
