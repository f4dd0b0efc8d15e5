"""What ``GET /metrics`` answers: this process's metrics, or those of all that serve with it.

Several processes that serve one address share their figures by files, in the way of
prometheus_client: ``PROMETHEUS_MULTIPROC_DIR`` names the directory, and must be set before a
process starts, for the library decides at its import.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from millstream_api.observing.metrics import ApiMetrics

_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"


class _AtScrape(Collector):
    """Metrics that are looked up when they are asked for."""

    def __init__(self, look: Callable[[], Iterable[Metric]]) -> None:
        self._look = look

    def collect(self) -> Iterable[Metric]:
        return self._look()

    def describe(self) -> Iterable[Metric]:
        # Else the registry would look once when this is registered.
        return ()


@dataclass(frozen=True, slots=True)
class Exposition:
    """The metrics of a process, and their text."""

    metrics: ApiMetrics
    registry: CollectorRegistry

    @classmethod
    def open(cls) -> "Exposition":
        """Make the metrics; call it in the process that serves."""
        # A second series beside each one, of when it began: nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry(support_collectors_without_names=True)
        if shared_directory() is None:
            for kind in (ProcessCollector, PlatformCollector, GCCollector):
                kind(registry=registry)
            return cls(ApiMetrics(registry), registry)
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return cls(ApiMetrics(None), registry)

    def add(self, look: Callable[[], Iterable[Metric]]) -> None:
        """Have these looked up at each scrape."""
        self.registry.register(_AtScrape(look))

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def shared_directory() -> Path | None:
    """Return where processes share their metrics, if they do."""
    path = os.environ.get(_DIRECTORY)
    return Path(path) if path else None


def begin_sharing() -> None:
    """Make the shared directory, without what an earlier run left; before any process serves."""
    directory = shared_directory()
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for left in directory.glob("*.db"):
            left.unlink()


def leave_sharing(pid: int) -> None:
    """Forget what a process that has ended had open; what it counted stays."""
    if shared_directory() is not None:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
