"""What measurements come to."""

import statistics
import time
from collections.abc import Sequence
from typing import Final

import psutil

_SCHEDULED: Final = 2
"""Beside a process' id, complemented and shifted by three: Linux' name for the clock of its
scheduler's time (clock_getcpuclockid(3))."""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0..1) of the values lie, by linear interpolation."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, maximum and mean, rounded to a hundredth."""
    return {
        "n": len(values),
        "p50": round(percentile(values, 0.5), 2),
        "p95": round(percentile(values, 0.95), 2),
        "max": round(max(values), 2),
        "mean": round(statistics.fmean(values), 2),
    }


def processor_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process has used, with that of threads that have ended.

    By Linux' own count in nanoseconds; the usual one ticks every 10 ms. Raises OSError when the
    process is gone.
    """
    return time.clock_gettime(~process.pid << 3 | _SCHEDULED)


def net_of_idle(seconds: float, wall: float, idle_share: float) -> float:
    """Return the processor time of ``seconds`` that is more than idling would have taken."""
    return max(0.0, seconds - wall * idle_share)
