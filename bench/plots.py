"""The figures as plots."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

_NAMES = {
    "millstream": "Millstream",
    "redis_per_viewer": "a Redis connection\nper viewer (flask-sse)",
    "starlette_shared": "Starlette, shared\nsubscription",
}


def draw(results: dict[str, Any], folder: Path) -> None:
    """Write the plots of a run beside its figures."""
    # The same figures give the same files.
    plt.rcParams.update({"svg.hashsalt": "millstream", "svg.fonttype": "none", "font.size": 9})
    _relays(results["relay"]["side_by_side"], folder / "relays.svg")
    _growth(results["relay"]["growth_with_viewers"], folder / "growth.svg")
    _length(results["answer_length"]["lengths"], folder / "length.svg")


def _relays(relays: dict[str, Any], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    names = [_NAMES[name] for name in relays]
    for axis, key, title in (
        (axes[0], "cpu_us_per_frame", "processor time for a frame, µs"),
        (axes[1], "kib_per_viewer", "memory for an open viewer, KiB"),
    ):
        bars = axis.barh(names, [one[key] for one in relays.values()], color="#3d6b8e")
        axis.bar_label(bars, padding=3)
        axis.margins(x=0.15)
        axis.invert_yaxis()
        axis.set_title(title, fontsize=9)
    axes[1].set_yticklabels([])
    _save(figure, path)


def _growth(grown: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    viewers = [one["viewers"] for one in grown]
    axes[0].plot(viewers, [one["cpu_us_per_frame"] for one in grown], "o-", color="#3d6b8e")
    axes[0].set_title("processor time for a frame, µs", fontsize=9)
    for key, style in (("delay_ms_p50", "o-"), ("delay_ms_p99", "o--")):
        label = key.removeprefix("delay_ms_")
        axes[1].plot(viewers, [one[key] for one in grown], style, label=label, color="#3d6b8e")
    axes[1].set_title("from publishing to the viewer's process, ms", fontsize=9)
    axes[1].legend()
    for axis in axes:
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel("viewers of one answer")
    _save(figure, path)


def _length(lengths: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.8), layout="constrained")
    tokens = [one["tokens"] for one in lengths]
    lines = (
        (axes[0], "worker", "o-", [one["worker_us_per_token"] for one in lengths]),
        (axes[0], "API, one viewer", "o--", [one["api_us_per_token"] for one in lengths]),
        (axes[0], "Redis", "o:", [one["redis_us_per_token"] for one in lengths]),
        (axes[1], "first tenth", "o-", [one["delay_ms_p50_first_tenth"] for one in lengths]),
        (axes[1], "last tenth", "o--", [one["delay_ms_p50_last_tenth"] for one in lengths]),
        (axes[2], "its end", "o-", [one["ending_ms"] for one in lengths]),
        (axes[2], "reload, from Redis", "o--", [one["reload_from_log"]["ms"] for one in lengths]),
        (axes[2], "... PostgreSQL", "o:", [one["reload_from_ledger"]["ms"] for one in lengths]),
    )
    for axis, label, style, values in lines:
        axis.plot(tokens, values, style, label=label, color="#3d6b8e")
    axes[0].set_title("processor time for a token, µs", fontsize=9)
    axes[1].set_title("model to viewer, p50, ms", fontsize=9)
    axes[2].set_title("of a whole answer, ms", fontsize=9)
    axes[2].set_yscale("log")
    for axis in axes:
        axis.set_xscale("log")
        axis.set_xlabel("tokens of the answer")
        axis.legend(fontsize=7)
    for axis in axes[:2]:
        axis.set_ylim(bottom=0)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
