"""Our events are the OpenAI Responses API's, as its own client's types understand them."""

from typing import Any

import openai.types.responses as theirs
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from millstream_contract import events, objects
from millstream_contract.events import FINAL_TYPES
from millstream_contract.frames import (
    DONE,
    KEEP_ALIVE,
    decode_event,
    encode_aside,
    encode_frame,
    is_aside,
)

_THEIRS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

CITATION = objects.FileCitation(file_id="doc_1", filename="Guide", index=12)
TEXT = objects.OutputText(text="Twelve hours", annotations=(CITATION,))
MESSAGE = objects.OutputMessage(id="msg_1", status="completed", content=(TEXT,))
RESULT = objects.SearchResult(
    file_id="doc_1",
    filename="Guide",
    score=0.9,
    text="It lives",
    attributes={"number": 1, "place": "Redis > Life"},
)
SEARCH = objects.FileSearchCall(
    id="fs_1", status="completed", queries=("how long",), results=(RESULT,)
)


def response(status: str, **more: Any) -> objects.ResponseObject:
    return objects.ResponseObject.model_validate(
        {
            "id": "resp_1",
            "created_at": 1.5,
            "status": status,
            "background": True,
            "model": "m",
            "conversation": {"id": "conv_1"},
            "output": (SEARCH, MESSAGE),
            "usage": objects.Usage(input_tokens=5, output_tokens=7, total_tokens=12),
            "millstream": {"attempt": 1, "grounded": True, "timings": {"queue_ms": 1.5}},
            **more,
        }
    )


FAILURE = {"error": {"code": "server_error", "message": "The model fell silent."}, "output": ()}
LIMIT = {"incomplete_details": {"reason": "max_output_tokens"}}
AT_MESSAGE: dict[str, Any] = {"item_id": "msg_1", "output_index": 1}

EVENTS: list[events.Event] = [
    events.ResponseCreated(response=response("queued", output=(), usage=None)),
    events.ResponseQueued(response=response("queued", output=(), usage=None)),
    events.ResponseInProgress(response=response("in_progress", output=(), usage=None)),
    events.OutputItemAdded(
        output_index=0, item=objects.FileSearchCall(id="fs_1", status="in_progress")
    ),
    events.FileSearchEvent(
        type="response.file_search_call.in_progress", output_index=0, item_id="fs_1"
    ),
    events.FileSearchEvent(
        type="response.file_search_call.searching", output_index=0, item_id="fs_1"
    ),
    events.FileSearchEvent(
        type="response.file_search_call.completed", output_index=0, item_id="fs_1"
    ),
    events.OutputItemDone(output_index=0, item=SEARCH),
    events.OutputItemAdded(
        output_index=1, item=objects.OutputMessage(id="msg_1", status="in_progress")
    ),
    events.ContentPartEvent(
        type="response.content_part.added", part=objects.OutputText(), **AT_MESSAGE
    ),
    events.OutputTextDelta(delta="Twelve", **AT_MESSAGE),
    events.AnnotationAdded(annotation_index=0, annotation=CITATION, **AT_MESSAGE),
    events.OutputTextDone(text="Twelve hours", **AT_MESSAGE),
    events.ContentPartEvent(type="response.content_part.done", part=TEXT, **AT_MESSAGE),
    events.OutputItemDone(output_index=1, item=MESSAGE),
    events.ResponseCompleted(response=response("completed", completed_at=2.5)),
    events.ResponseFailed(response=response("failed", **FAILURE)),
    events.ResponseIncomplete(response=response("incomplete", **LIMIT)),
    events.ResponseIncomplete(response=response("cancelled")),
]


_OURS = {events.AttemptReset, events.QueuePosition}


def type_of(event: events.Event) -> str:
    return str(event.model_dump()["type"])


@pytest.mark.parametrize("event", EVENTS, ids=type_of)
def test_every_event_is_valid_by_the_types_of_the_openai_client(event: events.Event) -> None:
    body = decode_event(encode_frame(event, 4))

    parsed = _THEIRS.validate_python(body)

    assert (parsed.type, parsed.sequence_number) == (type_of(event), 4)


@pytest.mark.parametrize("event", EVENTS, ids=type_of)
def test_every_event_keeps_all_its_fields_on_the_way(event: events.Event) -> None:
    body = decode_event(encode_frame(event, 4))

    assert list(body)[:2] == ["type", "sequence_number"]
    assert type(event).model_validate({k: v for k, v in body.items() if k != "sequence_number"})
    del body["sequence_number"]
    assert body == event.model_dump(mode="json")


def test_all_events_that_are_not_our_own_are_checked_here() -> None:
    kinds = {type(event) for event in EVENTS}
    abstract = {events.Event, events.ResponseEvent, events.ItemEvent}

    assert kinds == _subclasses(events.Event) - abstract - _OURS


def test_our_own_events_say_so_by_their_types() -> None:
    for event in (events.AttemptReset(attempt=2, reason="lost"), events.QueuePosition(position=3)):
        assert decode_event(encode_frame(event, 8))["type"].startswith("millstream.")


def test_an_aside_has_no_id_and_repeats_the_number_before_it() -> None:
    aside = encode_aside(events.QueuePosition(position=3), 1)

    told = (
        b'data: {"type":"millstream.queue.position","sequence_number":1,"position":3,'
        b'"line":"workers"}\n\n'
    )
    assert aside == told
    assert is_aside(aside)
    assert not is_aside(encode_frame(events.QueuePosition(position=3), 1).data)
    assert not is_aside(DONE)
    assert not is_aside(KEEP_ALIVE)


def test_the_final_types_are_those_of_the_events_that_say_so() -> None:
    assert {type_of(event) for event in EVENTS if event.final} == FINAL_TYPES


@pytest.mark.parametrize("status", sorted(objects.FINAL_STATUSES))
def test_every_final_status_has_its_final_event(status: str) -> None:
    assert events.final_event(response(status)).final


def test_a_response_object_is_valid_by_the_types_of_the_openai_client() -> None:
    body = response("completed", completed_at=2.5).model_dump(mode="json")

    parsed = theirs.Response.model_validate(body)

    assert parsed.output_text == "Twelve hours"
    assert parsed.usage is not None
    assert parsed.usage.total_tokens == 12


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="extra"):
        objects.OutputText.model_validate({"text": "", "colour": "red"})


def _subclasses(kind: type[events.Event]) -> set[type[events.Event]]:
    return {kind}.union(*(_subclasses(sub) for sub in kind.__subclasses__()))
