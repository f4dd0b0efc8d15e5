"""The worker's connection to its broker."""

import pytest
from kombu.exceptions import OperationalError

from millstream_worker.celery_app import celery_app
from tests.harness.ports import free_port


def test_a_broker_that_is_away_is_tried_again_within_a_second_each_time() -> None:
    app = celery_app(f"redis://127.0.0.1:{free_port()}")
    waits: list[float] = []

    with app.connection_for_read() as connection, pytest.raises(OperationalError):
        connection.ensure_connection(lambda _, seconds: waits.append(seconds), max_retries=4)

    assert len(waits) >= 3
    assert max(waits) <= 1
