"""The small words that services exchange: identifiers, jobs and keys."""

import json
import re

import pytest

from millstream_contract import keys
from millstream_contract.errors import ContractError, LedgerUnavailable, NotFound
from millstream_contract.identifiers import is_id, new_id
from millstream_contract.jobs import (
    ANSWER_QUEUE,
    INGEST_QUEUE,
    SHARED_CELERY_SETTINGS,
    AnswerJob,
    IngestJob,
)


def test_a_fresh_identifier_tells_its_kind_and_is_like_no_other() -> None:
    ids = {new_id("resp") for _ in range(1000)}

    assert len(ids) == 1000
    assert all(is_id(one, "resp") and not is_id(one, "conv") for one in ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resp_",
        "resp_" + "0" * 31,
        "resp_" + "0" * 33,
        "resp_" + "G" * 32,
        "conv_" + "0" * 32,
        "resp_" + "0" * 32 + "\n",
        "resp_" + "\N{ARABIC-INDIC DIGIT ONE}" * 32,
        "xresp_" + "0" * 32,
        "resp_" + "A" * 32,
    ],
)
def test_what_only_looks_like_an_identifier_is_none(text: str) -> None:
    assert not is_id(text, "resp")


def test_jobs_carry_ids_only_to_the_queue_of_their_kind() -> None:
    answer, ingest = AnswerJob("resp_1", 2), IngestJob("doc_1")

    assert (answer.task, answer.queue) == ("millstream.answer", ANSWER_QUEUE)
    assert (ingest.task, ingest.queue) == ("millstream.ingest", INGEST_QUEUE)
    assert json.dumps([answer.arguments(), ingest.arguments()]) == '[["resp_1", 2], ["doc_1"]]'
    assert answer.queue != ingest.queue


def test_where_a_job_goes_is_no_field_of_it() -> None:
    with pytest.raises(TypeError):
        IngestJob("doc_1", "another.task")  # type: ignore[call-arg]


def test_no_pickle_is_ever_accepted_from_the_queue() -> None:
    assert SHARED_CELERY_SETTINGS["accept_content"] == ["json"]
    assert SHARED_CELERY_SETTINGS["task_serializer"] == "json"


def test_all_keys_of_one_response_are_in_one_slot_of_a_cluster() -> None:
    names = [make("resp_1") for make in (keys.log_key, keys.state_key, keys.live_channel)]

    assert {re.findall(r"\{(.*?)\}", name)[0] for name in names} == {"resp_1"}
    assert len(set(names)) == 3


def test_a_channel_tells_its_response() -> None:
    response_id = new_id("resp")

    assert keys.response_of_channel(keys.live_channel(response_id)) == response_id


def test_an_error_reads_as_its_docstring_and_details() -> None:
    assert str(NotFound("resp_1")) == "There is no such object. ('resp_1')"
    assert str(LedgerUnavailable()) == "PostgreSQL did not answer."
    assert LedgerUnavailable.retryable
    assert not ContractError.retryable
