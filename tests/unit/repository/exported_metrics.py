"""What the API and a worker export: families, and the names and labels of their samples."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from millstream_api.observing.backlog import BacklogMetrics
from millstream_api.observing.metrics import ApiMetrics
from millstream_contract.backlog import RedisBacklog
from millstream_contract.ledger.backlog import LedgerBacklog
from millstream_worker.observing.metrics import WorkerMetrics

SampleNames = dict[str, set[str]]

_SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}


def exported_by_api() -> list[Metric]:
    """The API's own metrics, and those of the whole system."""
    registry = CollectorRegistry()
    ApiMetrics(registry)
    backlog = BacklogMetrics(lambda: LedgerBacklog(1, 1), lambda: RedisBacklog(1, 1, 1, 1, 1.0))
    return [*registry.collect(), *backlog.collect()]


def exported_by_worker() -> list[Metric]:
    """A worker's metrics, with those of its process."""
    return list(WorkerMetrics().registry.collect())


def exported_samples() -> SampleNames:
    """The labels of each sample, by its name."""
    labels = dict(_labels())
    return {
        f"{metric.name}{suffix}": labels.get(metric.name, set())
        | {name for sample in metric.samples for name in sample.labels}
        for metric in [*exported_by_api(), *exported_by_worker()]
        for suffix in _SUFFIXES.get(metric.type, ("",))
    }


def _labels() -> Iterator[tuple[str, set[str]]]:
    """Labels as declared: a metric that nothing has moved yet has no sample that shows them."""
    api = ApiMetrics(CollectorRegistry())
    worker = WorkerMetrics()
    for owner in (api, api.relay, worker, worker.answers):
        for metric in vars(owner).values():
            if isinstance(metric, MetricWrapperBase):
                yield metric._name, set(metric._labelnames)
