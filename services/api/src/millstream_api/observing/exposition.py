"""What ``GET /metrics`` answers: this process's metrics, or those of all that serve with it.

Several processes that serve one address share their figures by files: sharing.py.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from millstream_api.observing.metrics import ApiMetrics
from millstream_api.observing.sharing import shared_directory


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
