"""Writes the report: results.json, plots, and a page that shows both."""

import json
import os
import platform
import re
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

_COLUMNS: dict[str, tuple[str, ...]] = {
    "viewings": ("viewings",),
    "lost": ("lost",),
    "doubled": ("doubled",),
    "wrong": ("wrong",),
    "hung": ("hung",),
    "started over": ("started_over",),
    "answers at a time": ("running",),
    "most queued": ("most_queued",),
    "tokens/s": ("tokens_per_second",),
    "first token p50, ms": ("first_token_ms", "p50"),
    "p95": ("first_token_ms", "p95"),
    "token delay p50, ms": ("delay_ms", "p50"),
    "p95 ": ("delay_ms", "p95"),
    "of other work, cores": ("other_cores",),
}


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
    readme = folder / "README.md"
    if readme.exists():
        text = readme.read_text(encoding="utf-8")
        readme.write_text(with_summary(text, results), encoding="utf-8")
    page = folder / "report.html"
    page.write_text(_page(results, draw(dict(results), folder)), encoding="utf-8")
    return page


def summary_tables(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of the folder's README by name, as Markdown."""
    patterns = results["patterns"]
    steps = [(str(step["users"]), step) for one in patterns for step in one["steps"]]
    titled = [(f"{one['name']}: {one['title']}", one) for one in patterns]
    return {"patterns": _table("pattern", titled), "ramp": _table("askers", steps)}


def with_summary(page: str, results: Mapping[str, Any]) -> str:
    """Return a page with its tables as the results have them."""
    found = summary_tables(results)
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda place: f"{place[1]}\n{found[place[2]]}\n\n{place[3]}",
        page,
        flags=re.DOTALL,
    )


def _table(first: str, named: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    rows = [[first, *_COLUMNS], ["---", *("--:" for _ in _COLUMNS)]]
    rows += [[name, *(_cell(one, *path) for path in _COLUMNS.values())] for name, one in named]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(figures: Mapping[str, Any], *path: str) -> str:
    value: Any = figures
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _figure(value)


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
