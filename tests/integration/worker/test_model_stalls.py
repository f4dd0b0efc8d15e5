"""A model that falls silent: its answer fails, and keeps its text.

By a worker of its own: at one that waits so short for the model, an answer that another test holds
at a gate would fail, too, when that test is slow to go on.
"""

from collections.abc import Iterator

import pytest

from bench.scripted_model.fault import Fault
from tests.harness.servers import Servers
from tests.integration.worker.desk import Desk, staffed_desk
from tests.integration.worker.test_answering import fails_and_keeps_its_text


@pytest.fixture(scope="module")
def hasty_desk(servers: Servers, migrated_template: str) -> Iterator[Desk]:
    """A desk before a worker that waits two seconds for the model's next word."""
    settings = {"MILLSTREAM_MODEL_STALL_SECONDS": "2", "MILLSTREAM_MODEL_RETRIES": "1"}
    with (
        servers.backends(migrated_template, settings) as backends,
        staffed_desk(backends) as (desk, _),
    ):
        yield desk


@pytest.mark.parametrize("words", [20, 0])
def test_a_model_that_falls_silent_fails_the_answer_and_its_text_is_kept(
    hasty_desk: Desk, words: int
) -> None:
    fails_and_keeps_its_text(hasty_desk, Fault("stall", words), "model_stalled")
