"""Keeping what was found is a favour to a later attempt: it costs this one nothing."""

import logging

import pytest

from millstream_contract.jobs import AnswerJob
from millstream_contract.objects import Passage
from millstream_worker.answering.passage_keeping import PassageKeeping
from tests.integration.worker.desk import Desk
from tests.integration.worker.test_garbage import claimed


def test_passages_that_cannot_be_kept_are_told_of(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    # Given what PostgreSQL does not store, and a background whose errors nobody reads
    response_id = claimed(desk, "What is the token log?", attempts=1)
    found = Passage(number=1, document_id="doc_1", title="\0", place="", text="", score=0.9)
    keeping = PassageKeeping(AnswerJob(response_id, 1), desk.ledger, lambda call: call())

    # When it is to be kept
    keeping.found([found])
    with caplog.at_level(logging.WARNING):
        keeping.keep()

    # Then a line says so
    assert f"{response_id}: passages are not kept" in caplog.text
