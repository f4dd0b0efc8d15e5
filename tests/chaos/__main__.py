"""``make chaos``: break everything, again and again, under load; print and keep what came of it.

It takes some 25 minutes. Exit code 1 when a promise was broken.
"""

import argparse
import json
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.director import schedule
from tests.chaos.faults import FAULTS, LONG_FAULTS, FaultKind
from tests.chaos.offline import EVENTS, watch_offline, whole
from tests.chaos.plans import Load
from tests.chaos.report import as_json, as_page, circumstances
from tests.chaos.run import Size, calm, run
from tests.chaos.stage import open_stage
from tests.chaos.tally import rows_of, stop_rows, total_of
from tests.chaos.vanishing import watch_vanish
from tests.harness.processes import ROOT

_DOCS = ROOT / "docs"
_ROUNDS = 1000


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed: the same faults")
    parser.add_argument("--minutes", type=float, default=20, help="of faults, under load")
    parser.add_argument("--calm-minutes", type=float, default=2, help="of load before the faults")
    parser.add_argument("--offline-runs", type=int, default=100, help="of viewers offline at times")
    parser.add_argument("--vanishing", type=int, default=1000, help="answers whose viewers vanish")
    parser.add_argument("--only", default="", help="only faults whose name contains this")
    parser.add_argument("--concurrent", type=int, default=12, help="answers at a time")
    parser.add_argument("--out", type=Path, default=_DOCS, help="where the report goes")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("tests.chaos").setLevel(logging.INFO)
    load = Load(concurrent=options.concurrent)
    size = Size(load, calm(load), options.calm_minutes * 60, options.minutes * 60)
    kinds = [kind for kind in FAULTS if options.only in kind.name]
    once = [kind for kind in LONG_FAULTS if options.only in kind.name]
    with open_stage(keep_logs=True) as stage:
        order = _order(options.seed, kinds, once)
        findings = run(stage, options.seed, order, size)
        calls = stage.model.streams()
        offline = watch_offline(stage, options.offline_runs, at_once=12)
        findings.problems += [
            f"a viewer that was offline got {len(one.events)} of {EVENTS} events, {one.wrong}"
            for one in offline
            if not whole(one)
        ]
        vanished = watch_vanish(stage, options.vanishing)
        findings.problems += vanished.leaks()
        findings.problems += stage.stop()
    rows, stops = rows_of(findings, calls), stop_rows(findings)
    total = total_of(findings, [*rows, *stops])
    made = circumstances(options.seed, _command(options.seed), findings.seconds)
    results = as_json(made, findings, rows, stops, total)
    results["vanished"] = vanished.as_json()
    results["offline"] = {"runs": len(offline), "whole": sum(map(whole, offline))}
    options.out.mkdir(parents=True, exist_ok=True)
    page = as_page(results, rows, stops, total)
    (options.out / "chaos.json").write_text(json.dumps(results, indent=2) + "\n")
    (options.out / "chaos.md").write_text(page)
    sys.stdout.write(page)
    return 1 if results["failures"] else 0


def _order(seed: int, kinds: Sequence[FaultKind], once: Sequence[FaultKind]) -> list[FaultKind]:
    """Give the rounds of all kinds, with one of the long faults behind each of the first ones.

    Apart: an answer that meets two of them in a row may rightly take longer than its deadline.
    """
    rounds = schedule(seed, _ROUNDS, kinds)
    order: list[FaultKind] = []
    for place, fault in enumerate(once):
        order += [*rounds[place * len(kinds) : (place + 1) * len(kinds)], fault]
    return order + rounds[len(once) * len(kinds) :]


def _command(seed: int) -> str:
    """Give what was typed; `make chaos` says nothing but the seed."""
    if sys.argv[1:] == ["--seed", str(seed)]:
        return f"make chaos SEED={seed}"
    return shlex.join(["python", "-m", "tests.chaos", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
