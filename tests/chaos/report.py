"""The report of a run: results as JSON, and the page docs/chaos.md."""

import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.chaos.run import Findings
from tests.chaos.tally import Figures, Row, longest_pauses

_HEAD = """\
# The chaos table

Made by `{command}`; see [tests/chaos](../tests/chaos/README.md) for how, and
[chaos.json](chaos.json) for all figures.

| | |
| --- | --- |
| machine | {machine} |
| commit | {commit} |
| command | `{command}` |
| date | {at} |
| length | {minutes} min |
| seed | {seed} |

Real processes: two API processes, three workers, PostgreSQL, Valkey; the model is scripted, so that
the text of every answer is known. Answers run all the time, {answers} of them in all. Every viewer
checks the number of every event and that its text is the beginning of the known one, and at the
end compares every event with the one that the ledger has stored.

- **lost**, **doubled**: events. **wrong**: answers whose text, final state or stored stream was not
  what it had to be. **hung**: answers without an end after 60 s.
- **answers**: those that ran while the fault was there, or to which it was done; an answer can
  stand in several rows.
- **noticed**: from the fault until another attempt was claimed in the ledger. The lease is 2 s.
- **silence**: the time to the next token: the longest pause between two pieces of an answer's text,
  from the fault on; the time that the fault lasts is in it. Of faults that take answers away from a
  worker, only those answers count. Answers that meet a fault of the model count in its row alone.

"""


_OFFLINE = """
## Replay, then live

Where a list is replayed first and subscribed to after it, events between the two are lost. Here a
slow viewer is offline for a second after every 100 events, while 400 are written at 50 a second:
in {whole} of {runs} runs it got all 400, each once and in order.
"""


def circumstances(seed: int, command: str, seconds: float) -> dict[str, Any]:
    """Give where and when a run was made."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    memory = round(psutil.virtual_memory().total / 2**30)
    return {
        "command": command,
        "seed": seed,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or "unknown",
        "machine": f"{os.cpu_count()} cores ({_processor()}), {memory} GiB, {platform.system()}"
        f" {platform.machine()}, Python {platform.python_version()}",
        "seconds": round(seconds),
        "load_after": round(os.getloadavg()[0], 2),
    }


def as_json(
    made: dict[str, Any], findings: Findings, rows: list[Row], stops: list[Row], total: Row
) -> dict[str, Any]:
    """Give the results as one JSON object."""
    return {
        "made": made,
        "total": asdict(total),
        "rows": [asdict(row) for row in rows],
        "stops": [asdict(row) for row in stops],
        "resets_seen": sum(one.resets for one in findings.all_outcomes),
        "answers_that_began_again": sum(one.jumps > 0 for one in findings.all_outcomes),
        "replies_other_than_200": findings.replies,
        "before": findings.before.as_json() if findings.before else None,
        "after": findings.after.as_json() if findings.after else None,
        "longest_pauses": longest_pauses(findings),
        "failures": findings.failures(),
    }


def as_page(results: dict[str, Any], rows: list[Row], stops: list[Row], total: Row) -> str:
    """Give docs/chaos.md."""
    made = results["made"]
    head = _HEAD.format(**made, minutes=round(made["seconds"] / 60, 1), answers=total.answers)
    pieces = [head, _fault_table([*rows, total]), "\n## Stops\n\n", _stop_table(stops)]
    pieces.append(_OFFLINE.format(**results["offline"]))
    pieces += ["\n## Left behind\n\n", _leaks(results), "\n", memory_table(results["vanished"])]
    pieces.append("\n## Broken promises\n\n")
    failures = results["failures"]
    pieces.append("".join(f"- {line.splitlines()[0]}\n" for line in failures) or "None.\n")
    return "".join(pieces)


def _fault_table(rows: list[Row]) -> str:
    lines = [
        "| fault | faults | answers | lost | doubled | wrong | hung"
        " | noticed p50 / p99 / max, s | silence p50 / p99 / max, s |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [f"| {_counts(row)} | {_told(row.notice)} | {_told(row.silence)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _stop_table(rows: list[Row]) -> str:
    lines = [
        "From the request until the model saw its connection closed. Stops that met an answer's"
        " own end are not in `stops`.",
        "",
        "| stops | stops | answers | lost | doubled | wrong | hung"
        " | until closed p50 / p99 / max, s |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [f"| {_counts(row)} | {_told(row.stop)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _counts(row: Row) -> str:
    cells = [row.kind, row.faults, row.answers, row.lost, row.doubled, row.wrong, row.hung]
    return " | ".join(map(str, cells))


def _told(figures: Figures | None) -> str:
    if figures is None:
        return ""
    return f"{figures.p50:.2f} / {figures.p99:.2f} / {figures.most:.2f} (n={figures.n})"


def _leaks(results: dict[str, Any]) -> str:
    before, after = results["before"], results["after"]
    lines = [
        "Counted when nothing ran, after each worker had once been full.",
        "",
        "| | before | after |",
        "| --- | --: | --: |",
    ]
    for name in before["threads"]:
        was, now = before["threads"][name], after["threads"][name]
        lines.append(f"| {name}: threads | {was} | {now} |")
        was, now = before["redis_connections"][name], after["redis_connections"][name]
        lines.append(f"| {name}: connections to Redis | {was} | {now} |")
    lines += [
        f"| {key.replace('_', ' ')} | {before[key]} | {after[key]} |"
        for key in ("postgres_connections", "subscriptions")
    ]
    keys = ", ".join(f"`{name}` ({n})" for name, n in after["lasting_keys"].items())
    lines += ["", f"Keys without a time to live: {keys or 'none'}."]
    return "\n".join(lines) + "\n"


def memory_table(vanished: dict[str, Any]) -> str:
    """Give what each process held before, and behind each quarter of, the vanishing viewers."""
    answers, memory = vanished["answers"], vanished["memory"]
    blocks = len(next(iter(memory.values()))) - 1
    heads = ["before", *(f"{answers * block // blocks:,}" for block in range(1, blocks + 1))]
    lines = [
        "Resident memory (MiB) over answers whose viewers vanish after some events,",
        "behind as many to warm up:",
        "",
        f"| after so many answers | {' | '.join(heads)} |",
        f"| --- |{' --: |' * len(heads)}",
    ]
    lines += [
        f"| {name} | {' | '.join(f'{value / 2**20:.1f}' for value in values)} |"
        for name, values in memory.items()
    ]
    return "\n".join(lines) + "\n"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"
