"""Metrics that API and workers both move, under one name each. Both bring prometheus-client."""

from prometheus_client import CollectorRegistry, Counter

from millstream_contract.objects import FINAL_STATUSES


def finished_counter(registry: CollectorRegistry | None) -> Counter:
    """Return the counter of final responses by status, each of which stands at 0."""
    counter = Counter(
        "millstream_responses_finished",
        "Responses that became final, by status; the API ends what was cancelled in line.",
        ["status"],
        registry=registry,
    )
    for status in sorted(FINAL_STATUSES):
        counter.labels(status)
    return counter


def sent_again_counter(registry: CollectorRegistry | None) -> Counter:
    """Return the counter of jobs that a reaper sent again, by what was lost; all at 0."""
    counter = Counter(
        "millstream_jobs_sent_again",
        "Jobs that a reaper sent again, by what was lost: the worker, or the message.",
        ["lost"],
        registry=registry,
    )
    for lost in ("worker", "message"):
        counter.labels(lost)
    return counter
