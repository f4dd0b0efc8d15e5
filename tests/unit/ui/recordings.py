"""Streams of whole answers, encoded by the contract: what the page's scripts are tested with."""

from collections.abc import Sequence
from typing import Any

from millstream_contract.events import (
    AttemptReset,
    ContentPartEvent,
    Event,
    FileSearchEvent,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    ResponseCompleted,
    ResponseCreated,
    ResponseFailed,
    ResponseIncomplete,
    ResponseInProgress,
    ResponseQueued,
)
from millstream_contract.frames import Frame, encode_frame
from millstream_contract.objects import (
    FileSearchCall,
    MillstreamDetails,
    OutputMessage,
    OutputText,
    ResponseError,
    ResponseObject,
    SearchResult,
    Status,
    Timings,
)

RESPONSE_ID = f"resp_{0:032x}"

AWKWARD_TOKENS = (
    *("A **lease**", " ", "", "\n", "\n", "data: x", "\r\n", "id: 7", "\n\n", "[DONE]", " \u2028 "),
    *("\N{WATER WAVE}", "e\N{COMBINING ACUTE ACCENT}", "\x85", ": keep-alive", "\n\n"),
    *("w" * 20_000, " holds [1]", "."),
)

_PASSAGES = tuple(
    SearchResult(
        file_id=f"doc_{number:032x}",
        filename=f"page{number}.md",
        score=0.9,
        text=f"Passage {number}.",
        attributes={"number": number, "place": f"Part {number}"},
    )
    for number in (1, 2, 3)
)
_CALL = FileSearchCall(id="fs_1", status="completed", queries=("lease",), results=_PASSAGES)
_MESSAGE: dict[str, Any] = {"item_id": "msg_1", "output_index": 1}


def frames(name: str) -> list[Frame]:
    """Return the recording of this name as numbered frames."""
    return [encode_frame(event, number) for number, event in enumerate(_RECORDINGS[name])]


def text_of(tokens: Sequence[str]) -> str:
    """Return the text that these tokens make."""
    return "".join(tokens)


def final_response(name: str) -> dict[str, Any]:
    """Return the response as it stands after the recording, as the API's JSON."""
    last = _RECORDINGS[name][-1]
    assert isinstance(last, (ResponseCompleted, ResponseFailed, ResponseIncomplete))
    return last.response.model_dump(mode="json")


def _response(status: Status, text: str | None = None, **more: Any) -> ResponseObject:
    message = OutputMessage(id="msg_1", status="completed", content=(OutputText(text=text or ""),))
    return ResponseObject(
        id=RESPONSE_ID,
        created_at=1.0,
        status=status,
        background=True,
        model="scripted-chat",
        output=() if text is None else (_CALL, message),
        **more,
    )


def _retrieval() -> list[Event]:
    started = FileSearchCall(id="fs_1", status="in_progress")
    step: dict[str, Any] = {"output_index": 0, "item_id": "fs_1"}
    return [
        OutputItemAdded(output_index=0, item=started),
        FileSearchEvent(type="response.file_search_call.in_progress", **step),
        FileSearchEvent(type="response.file_search_call.searching", **step),
        FileSearchEvent(type="response.file_search_call.completed", **step),
        OutputItemDone(output_index=0, item=_CALL),
    ]


def _message(tokens: Sequence[str]) -> list[Event]:
    empty = OutputMessage(id="msg_1", status="in_progress")
    return [
        OutputItemAdded(output_index=1, item=empty),
        ContentPartEvent(type="response.content_part.added", part=OutputText(), **_MESSAGE),
        *(OutputTextDelta(delta=token, **_MESSAGE) for token in tokens),
    ]


def _end(tokens: Sequence[str], last: Event) -> list[Event]:
    text = OutputText(text=text_of(tokens))
    whole = OutputMessage(id="msg_1", status="completed", content=(text,))
    return [
        OutputTextDone(text=text.text, **_MESSAGE),
        ContentPartEvent(type="response.content_part.done", part=text, **_MESSAGE),
        OutputItemDone(output_index=1, item=whole),
        last,
    ]


def _completed(tokens: Sequence[str], grounded: bool = True) -> ResponseCompleted:
    timings = Timings(queue_ms=5, retrieve_ms=40, first_token_ms=400, total_ms=2000)
    details = MillstreamDetails(attempt=1, grounded=grounded, timings=timings)
    return ResponseCompleted(response=_response("completed", text_of(tokens), millstream=details))


_BEGIN: list[Event] = [
    ResponseCreated(response=_response("queued")),
    ResponseQueued(response=_response("queued")),
    ResponseInProgress(response=_response("in_progress")),
]
_CUT = ("Half of", " an answer")
_SECOND = ("Another", " text")
_REASON = ResponseError(code="model_error", message="The model closed the stream.")

_RECORDINGS: dict[str, list[Event]] = {
    "answer": [
        *_BEGIN,
        *_retrieval(),
        *_message(AWKWARD_TOKENS),
        *_end(AWKWARD_TOKENS, _completed(AWKWARD_TOKENS)),
    ],
    "failed": [
        *_BEGIN,
        *_retrieval(),
        *_message(_CUT),
        ResponseFailed(response=_response("failed", text_of(_CUT), error=_REASON)),
    ],
    "cancelled": [
        *_BEGIN,
        *_retrieval(),
        *_message(_CUT),
        *_end(_CUT, ResponseIncomplete(response=_response("cancelled", text_of(_CUT)))),
    ],
    "ungrounded": [
        *_BEGIN,
        *_retrieval(),
        *_message(_SECOND),
        *_end(_SECOND, _completed(_SECOND, grounded=False)),
    ],
    "restarted": [
        *_BEGIN,
        *_retrieval(),
        *_message(_CUT),
        AttemptReset(attempt=2, reason="worker lost"),
        ResponseInProgress(response=_response("in_progress")),
        *_message(_SECOND),
        *_end(_SECOND, _completed(_SECOND)),
    ],
}
