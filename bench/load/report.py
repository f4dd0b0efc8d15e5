"""Writes the report: results.json, plots, and a page that shows both."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from jinja2 import ChainableUndefined, Environment, FileSystemLoader

from bench.load.findings import knee, pattern_figures
from bench.load.patterns import PATTERNS
from bench.load.plots import draw
from bench.load.running import Run

_TEMPLATES = Path(__file__).parent


def results_of(
    runs: Sequence[Run],
    rate: float,
    command: str,
    settings: Mapping[str, str],
    earlier: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return everything that is kept of these runs, as a JSON object.

    earlier: figures of patterns that were made before, which stay unless they were made anew.
    """
    made = _circumstances()
    known = {str(one["name"]): dict(one) for one in earlier}
    for run in runs:
        when = {"at": made["at"], "commit": made["commit"]}
        known[run.pattern.name] = {**pattern_figures(run, rate), **when}
    patterns = [known[one.name] for one in PATTERNS if one.name in known]
    steps = [step for pattern in patterns for step in pattern["steps"]]
    return {
        "made": {**made, "command": command, "rate": rate, "settings": dict(settings)},
        "patterns": patterns,
        "knee": knee(steps),
    }


def earlier_patterns(folder: Path) -> list[dict[str, Any]]:
    """Return the figures of the patterns that a folder's report has."""
    results = folder / "results.json"
    if not results.exists():
        return []
    patterns: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))["patterns"]
    return patterns


def write_report(results: Mapping[str, Any], folder: Path) -> Path:
    """Write results.json, the plots and report.html into a folder; return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps(results, separators=(",", ":"), sort_keys=True)
    (folder / "results.json").write_text(told + "\n", encoding="utf-8")
    page = folder / "report.html"
    page.write_text(_page(results, draw(dict(results), folder)), encoding="utf-8")
    return page


def _page(results: Mapping[str, Any], plots: Sequence[str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        # A figure that a pattern does not have is an empty cell.
        undefined=ChainableUndefined,
    )
    environment.filters["figure"] = _figure
    parts = sorted({name for one in results["patterns"] for name in one["cores"]})
    template = environment.get_template("report.html.j2")
    return template.render(**results, parts=parts, plots=plots)


def _figure(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or isinstance(value, int) else f"{value:.2f}"


def _circumstances() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or "unknown",
        "cores": os.cpu_count(),
        "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB,"
        f" {platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }
