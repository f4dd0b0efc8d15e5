"""The plots of the report: small PNG files, drawn from results.json alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

_SIZE_INCHES = (6.4, 3.6)
_DOTS_PER_INCH = 80

Steps = Sequence[dict[str, Any]]


def draw(results: dict[str, Any], folder: Path) -> list[str]:
    """Draw what the results have; return the names of the files."""
    patterns = {one["name"]: one for one in results["patterns"]}
    names = [_draw(folder, "promises", lambda axes: _promises(axes, results["patterns"]))]
    if steps := patterns.get("ramp", {}).get("steps"):
        rate = results["made"]["rate"]
        names += [
            _draw(folder, "first_token", lambda axes: _first_token(axes, steps)),
            _draw(folder, "delay", lambda axes: _delay(axes, steps)),
            _draw(folder, "throughput", lambda axes: _throughput(axes, steps, rate)),
            _draw(folder, "cpu", lambda axes: _cpu(axes, steps, results["made"]["cores"])),
        ]
    names += [
        _draw(folder, f"{name}_in_time", lambda axes, name=name: _in_time(axes, patterns[name]))
        for name in ("steady", "burst", "viewers")
        if name in patterns and patterns[name]["series"]
    ]
    return names


def _draw(folder: Path, name: str, paint: Any) -> str:
    figure, axes = plt.subplots(figsize=_SIZE_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    paint(axes)
    axes.grid(alpha=0.3)
    # Without the date and the version, the same results give the same bytes.
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    plt.close(figure)
    return f"{name}.png"


def _promises(axes: Axes, patterns: Steps) -> None:
    names = [one["name"] for one in patterns]
    viewings = [one["viewings"] for one in patterns]
    axes.bar(names, viewings, color="tab:blue", label="viewings checked")
    bad = ["lost", "doubled", "wrong", "hung", "refused"]
    axes.bar(
        names,
        [sum(one[kind] for kind in bad) for one in patterns],
        color="tab:red",
        label=f"{', '.join(bad)}: {sum(one[kind] for one in patterns for kind in bad)}",
    )
    axes.set_yscale("symlog")
    axes.set_ylabel("viewings")
    axes.set_title("Every viewing held against what the model said and what is stored")
    axes.legend()


def _first_token(axes: Axes, steps: Steps) -> None:
    _lines(axes, steps, "first_token_ms", ("p50", "p95", "max"))
    axes.axhline(2000, color="gray", linestyle=":", label="aim for p95")
    axes.set_yscale("log")
    axes.set_title("Time to the first token")
    _of_users(axes, "ms")


def _delay(axes: Axes, steps: Steps) -> None:
    _lines(axes, steps, "delay_ms", ("p50", "p95", "p99"))
    for part, label in (("to_publish_ms", "model to publish"), ("to_viewer_ms", "to viewer")):
        known = [one for one in steps if one[part]]
        users = [one["users"] for one in known]
        axes.plot(users, [one[part]["p95"] for one in known], "--", label=f"{label}, p95")
    axes.set_yscale("log")
    axes.set_title("From the model server to the viewer, for each token")
    _of_users(axes, "ms")


def _throughput(axes: Axes, steps: Steps, rate: float) -> None:
    users = [one["users"] for one in steps]
    axes.plot(users, [one["tokens_per_second"] for one in steps], "o-", label="received")
    axes.plot(users, [one * rate for one in users], ":", color="gray", label="full pace")
    axes.set_title("Throughput")
    _of_users(axes, "tokens/s")


def _cpu(axes: Axes, steps: Steps, cores: int) -> None:
    names = sorted(
        {name for one in steps for name in one["cores"]},
        key=lambda name: -max(one["cores"].get(name, 0) for one in steps),
    )[:7]
    users = [one["users"] for one in steps]
    parts = [[one["cores"].get(name, 0.0) for one in steps] for name in names]
    parts.append([one["other_cores"] or 0.0 for one in steps])
    axes.stackplot(users, parts, labels=[*names, "not of this test"])
    axes.axhline(cores, color="gray", linestyle=":")
    axes.set_title("CPU")
    _of_users(axes, "cores")


def _in_time(axes: Axes, pattern: dict[str, Any]) -> None:
    seconds = [one["second"] for one in pattern["series"]]
    for name in ("running", "queued"):
        if pattern["series"][0][name] is not None:
            axes.plot(seconds, [one[name] for one in pattern["series"]], label=f"answers {name}")
    axes.set_xlabel("seconds")
    axes.set_ylabel("answers")
    axes.legend(loc="upper left", fontsize="small")
    beside = axes.twinx()
    tokens = [one["tokens"] for one in pattern["series"]]
    beside.plot(seconds, tokens, color="tab:green", alpha=0.6, label="tokens/s")
    beside.set_ylabel("tokens/s")
    beside.legend(loc="upper right", fontsize="small")
    axes.set_title(f"{pattern['name']}: {pattern['title']}")


def _lines(axes: Axes, steps: Steps, figure: str, shares: Sequence[str]) -> None:
    known = [one for one in steps if one[figure]]
    users = [one["users"] for one in known]
    for share in shares:
        axes.plot(users, [one[figure][share] for one in known], "o-", label=share)


def _of_users(axes: Axes, unit: str) -> None:
    axes.set_xlabel("askers, each with one answer at a time")
    axes.set_ylabel(unit)
    axes.legend(fontsize="small")
