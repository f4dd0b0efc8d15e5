"""What a worker's figures say of its jobs."""

import pytest

from millstream_worker.observing.metrics import WorkerMetrics


def test_a_job_is_counted_before_its_slot_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given who looks at the figures in the moment in which a slot becomes free
    metrics = WorkerMetrics()
    job = {"task": "some", "outcome": "done"}
    counted: list[float | None] = []
    free = metrics.busy.dec

    def look_and_free() -> None:
        counted.append(metrics.registry.get_sample_value("millstream_jobs_total", job))
        free()

    monkeypatch.setattr(metrics.busy, "dec", look_and_free)

    # When a job is done
    with metrics.doing("some"):
        pass

    # Then it was counted by then
    assert counted == [1]
    assert metrics.registry.get_sample_value("millstream_worker_busy") == 0
