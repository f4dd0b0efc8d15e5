"""``make loadtest``: load the embedded default, check every answer, and write the report.

It takes about ten minutes. With --host it loads what runs elsewhere.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load.patterns import PATTERNS, chosen_patterns
from bench.load.report import earlier_patterns, results_of, write_report
from bench.load.running import Run, run_pattern
from bench.load.stage import Stage, embedded_stage

_FOLDER = Path(__file__).parents[2] / "docs" / "bench" / "load"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the patterns; return 1 when a promise was broken."""
    options = _parser().parse_args(arguments)
    try:
        patterns = chosen_patterns(options.patterns.split(","))
    except ValueError as error:
        sys.stderr.write(f"--patterns: {error}\n")
        return 2
    if options.short:
        patterns = [pattern.shortened() for pattern in patterns]
    runs = []
    with _stage(options) as stage:
        for pattern in patterns:
            print(f"{pattern.name}: {pattern.title}", flush=True)
            runs.append(run_pattern(stage, pattern, options.rate))
            print(f"  {_line(runs[-1])}", flush=True)
        earlier = earlier_patterns(options.out) if options.add else []
        results = results_of(runs, options.rate, _command(options), stage.settings, earlier)
    print(f"report: {write_report(results, options.out)}")
    return 0 if all(one.faultless for run in runs for one in run.records) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make loadtest", description=__doc__)
    names = ",".join(pattern.name for pattern in PATTERNS)
    parser.add_argument("--patterns", default=names, help="which, separated by commas")
    parser.add_argument("--rate", type=float, default=20.0, help="tokens a second of each answer")
    parser.add_argument("--workers", type=int, default=2, help="worker processes to start")
    parser.add_argument("--slots", type=int, default=64, help="answers at a time of each worker")
    parser.add_argument("--short", action="store_true", help="few users for moments, for tests")
    parser.add_argument("--out", type=Path, default=_FOLDER, help="folder of the report")
    parser.add_argument(
        "--add", action="store_true", help="keep what the report has of other patterns"
    )
    parser.add_argument("--host", help="an API that runs; default: the embedded one is started")
    parser.add_argument("--model-url", help="the scripted model behind --host")
    parser.add_argument("--redis-url", help="the Redis behind --host")
    return parser


@contextmanager
def _stage(options: argparse.Namespace) -> Iterator[Stage]:
    if options.host:
        yield Stage(options.host, options.model_url, options.redis_url)
        return
    print("starting the embedded instance and embedding its corpus", flush=True)
    with embedded_stage(options.workers, options.slots) as stage:
        yield stage


def _line(run: Run) -> str:
    broken = [one for one in run.records if not one.faultless]
    counts = f"{len(run.records)} viewings, {len(broken)} not as promised"
    return "; ".join([counts, *sorted({text for one in broken for text in one.wrong})[:5]])


def _command(options: argparse.Namespace) -> str:
    told = [f"--rate {options.rate:g}"] if options.rate != 20 else []
    told += ["--short"] if options.short else []
    return f'make loadtest A="{" ".join(told)}"' if told else "make loadtest"


if __name__ == "__main__":
    sys.exit(main())
