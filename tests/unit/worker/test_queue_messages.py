"""Which bytes are a job's message: the table of what is none differs from one in one thing each."""

import json
from base64 import b64encode
from typing import Any

import pytest

from millstream_worker.queue_messages import id_in, what_is_wrong

_RESPONSE = "resp_" + "0" * 32
_SECRET = "the text of somebody's document"


def message(**changes: Any) -> dict[str, Any]:
    """Give a message such as Celery sends, for nobody, changed at paths such as `headers__id`."""
    content = [[_RESPONSE, 1], {}, {}]
    whole: dict[str, Any] = {
        "body": b64encode(json.dumps(content).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "millstream.answer", "id": "an-id"},
        "properties": {
            "delivery_tag": "a-tag",
            "delivery_info": {"exchange": "answers", "routing_key": "answers"},
            "body_encoding": "base64",
        },
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        part = whole
        for parent in parents:
            part = part[parent]
        part[last] = value
    return whole


def body(content: Any) -> str:
    return b64encode(json.dumps(content).encode()).decode()


GARBAGE: dict[str, bytes | dict[str, Any] | list[Any] | str | int | None] = {
    "no JSON": _SECRET.encode(),
    "nothing": b"",
    "no UTF-8": b"\xff\xfe\x00",
    "UTF-16": json.dumps(message()).encode("utf-16"),
    "too deep": b"[" * 200_000,
    "too long": message(headers__argsrepr="x" * 1_000_000),
    "a list": [],
    "a number": 7,
    "null": None,
    "an empty object": {},
    "no body": message(body=None),
    "a body that is no base64": message(body=_SECRET),
    "a body that is no JSON": message(body=b64encode(_SECRET.encode()).decode()),
    "a body that is no call": message(body=body({"args": [_RESPONSE, 1]})),
    "another encoding": message(properties__body_encoding="rot13"),
    "another content type": message(**{"content-type": "application/x-python-serialize"}),
    "properties that are none": message(properties=[]),
    "no delivery tag": message(properties__delivery_tag=None),
    "no delivery info": message(properties__delivery_info=7),
    "headers that are none": message(headers="x"),
    "no id": message(headers__id=None),
    "an id that is a list": message(headers__id=[]),
    "an unknown type of kombu's": message(headers__x={"__type__": "x", "__value__": 1}),
    "a type of kombu's that is none": message(headers__x={"__type__": "uuid", "__value__": 1}),
    "another task": message(headers__task="millstream.unknown"),
    "a task that is a list": message(headers__task=["millstream.answer"]),
    "a task of the other queue": message(headers__task="celery.backend_cleanup"),
    "a time in the far future": message(headers__eta="9999-12-31T23:59:59"),
    "a time that is none": message(headers__eta="soon"),
    "an expiry that is none": message(headers__expires=[]),
    "limits that are none": message(headers__timelimit=7),
    "a compression": message(headers__compression="zlib"),
    "no arguments": message(body=body([[], {}, {}])),
    "too many arguments": message(body=body([["too", "many", _SECRET], {}, {}])),
    "named arguments": message(body=body([[_RESPONSE, 1], {"x": _SECRET}, {}])),
    "an id of something else": message(body=body([["conv_" + "0" * 32, 1], {}, {}])),
    "an id with a NUL": message(body=body([["resp_\x00", 1], {}, {}])),
    "an attempt that is text": message(body=body([[_RESPONSE, "1"], {}, {}])),
    "an attempt beyond the ledger's": message(body=body([[_RESPONSE, 2**63], {}, {}])),
    "callbacks": message(body=body([[_RESPONSE, 1], {}, {"callbacks": [{"task": "x"}]}])),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_what_is_no_job_is_told_from_one_without_a_word_of_what_it_says(kind: str) -> None:
    garbage = GARBAGE[kind]
    raw = garbage if isinstance(garbage, bytes) else json.dumps(garbage).encode()

    wrong = what_is_wrong(raw)

    assert wrong is not None
    assert _SECRET not in wrong
    assert len(wrong) < 200


def test_a_message_of_a_job_is_one() -> None:
    assert what_is_wrong(json.dumps(message()).encode()) is None


def test_the_id_in_garbage_is_found_for_the_log() -> None:
    assert id_in(b"\xff{" + _RESPONSE.encode() + b"]") == _RESPONSE
    assert id_in(b"garbage") == "no id"
