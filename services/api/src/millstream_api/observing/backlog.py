"""Figures of the whole system, which every API process looks up at each scrape.

They say the same in each process: take the maximum over them, not the sum. A server that is away
costs its own figures only, and the scrape a bounded time.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

import gevent
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from millstream_contract.backlog import RedisBacklog
from millstream_contract.errors import ContractError
from millstream_contract.ledger.backlog import LedgerBacklog

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_SECONDS: Final = 2.0
"""A scrape ends before Prometheus gives it up, whoever is away."""


@dataclass(frozen=True, slots=True)
class BacklogMetrics:
    """Looks up what waits, what runs, and what it takes in Redis."""

    ledger: Callable[[], LedgerBacklog]
    redis: Callable[[], RedisBacklog]

    def collect(self) -> Iterator[Metric]:
        """Yield the figures that can be had."""
        ledger, redis = _bounded(self.ledger), _bounded(self.redis)
        up = GaugeMetricFamily(
            "millstream_dependency_up",
            "Whether a server behind the API answered this scrape (1) or not (0).",
            labels=["dependency"],
        )
        up.add_metric(["postgresql"], float(ledger is not None))
        up.add_metric(["redis"], float(redis is not None))
        yield up
        if redis is not None:
            yield from _of_redis(redis)
        if ledger is not None:
            yield from _of_ledger(ledger)


def _of_redis(backlog: RedisBacklog) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "millstream_responses_queued", "Responses in line for a worker.", backlog.queued
    )
    yield GaugeMetricFamily(
        "millstream_responses_running", "Responses that a worker holds.", backlog.running
    )
    if backlog.memory_bytes is not None:
        yield GaugeMetricFamily(
            "millstream_redis_memory_bytes",
            "Memory that Redis uses, for everything in it.",
            backlog.memory_bytes,
        )
    if backlog.memory_limit_bytes:
        yield GaugeMetricFamily(
            "millstream_redis_memory_limit_bytes",
            "Redis' maxmemory; absent where it has none.",
            backlog.memory_limit_bytes,
        )
    if backlog.log_bytes is not None:
        yield GaugeMetricFamily(
            "millstream_log_memory_bytes",
            "Mean memory of a token log in Redis, of up to eight that are being written.",
            backlog.log_bytes,
        )


def _of_ledger(backlog: LedgerBacklog) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "millstream_oldest_queued_seconds",
        "How long the response has waited that was accepted first and no worker has begun.",
        backlog.oldest_queued_seconds,
    )
    yield GaugeMetricFamily(
        "millstream_oldest_running_seconds",
        "How long ago the oldest response began that has begun and is not final.",
        backlog.oldest_running_seconds,
    )


def _bounded(look: Callable[[], T]) -> T | None:
    try:
        with gevent.Timeout(_LONGEST_SECONDS):
            return look()
    except (ContractError, gevent.Timeout) as error:
        logger.debug("a scrape goes without some figures: %s", error)
        return None
