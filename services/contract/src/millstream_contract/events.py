"""The events of a response's stream, as typed values.

They are those of the OpenAI Responses API; our own carry the prefix ``millstream.`` and may be
passed by. An event knows nothing of its place in the stream: the sequence number comes with its
frame (see frames.py).
"""

from typing import ClassVar, Literal

from millstream_contract.objects import (
    FileCitation,
    OutputItem,
    OutputText,
    ResponseObject,
    Value,
)


class Event(Value):
    """Something that happened to a response. Subclasses fix ``type``, their first field."""

    final: ClassVar[bool] = False
    """True when nothing may follow in the stream."""


class ResponseEvent(Event):
    """An event that carries the whole response as it then stands."""

    type: str
    response: ResponseObject


class ResponseCreated(ResponseEvent):
    """The question was accepted."""

    type: Literal["response.created"] = "response.created"


class ResponseQueued(ResponseEvent):
    """The question waits for a worker."""

    type: Literal["response.queued"] = "response.queued"


class ResponseInProgress(ResponseEvent):
    """A worker began."""

    type: Literal["response.in_progress"] = "response.in_progress"


class ResponseCompleted(ResponseEvent):
    """The answer is whole, and stored."""

    final: ClassVar[bool] = True
    type: Literal["response.completed"] = "response.completed"


class ResponseFailed(ResponseEvent):
    """There is no whole answer, and ``response.error`` says why; what there is, is kept."""

    final: ClassVar[bool] = True
    type: Literal["response.failed"] = "response.failed"


class ResponseIncomplete(ResponseEvent):
    """The answer ends early: at a limit, or (``response.status`` is "cancelled") by a stop.

    The original API has no event of its own for a cancelled response.
    """

    final: ClassVar[bool] = True
    type: Literal["response.incomplete"] = "response.incomplete"


class ItemEvent(Event):
    """An event about one output item, which stands at ``output_index`` of the output."""

    type: str
    output_index: int
    item: OutputItem


class OutputItemAdded(ItemEvent):
    """An output item begins."""

    type: Literal["response.output_item.added"] = "response.output_item.added"


class OutputItemDone(ItemEvent):
    """An output item is whole."""

    type: Literal["response.output_item.done"] = "response.output_item.done"


class FileSearchEvent(Event):
    """A step of the file search call ``item_id``."""

    type: Literal[
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
    ]
    output_index: int
    item_id: str


class ContentPartEvent(Event):
    """A content part begins, or is whole."""

    type: Literal["response.content_part.added", "response.content_part.done"]
    item_id: str
    output_index: int
    content_index: int = 0
    part: OutputText


class OutputTextDelta(Event):
    """The next piece of the text."""

    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    item_id: str
    output_index: int
    content_index: int = 0
    delta: str
    logprobs: tuple[()] = ()


class AnnotationAdded(Event):
    """A citation was found in the text so far."""

    type: Literal["response.output_text.annotation.added"] = "response.output_text.annotation.added"
    item_id: str
    output_index: int
    content_index: int = 0
    annotation_index: int
    annotation: FileCitation


class OutputTextDone(Event):
    """The text is whole; ``text`` equals all deltas joined."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    item_id: str
    output_index: int
    content_index: int = 0
    text: str
    logprobs: tuple[()] = ()


class AttemptReset(Event):
    """A new attempt starts the output over: what came before it is retracted."""

    type: Literal["millstream.attempt.reset"] = "millstream.attempt.reset"
    attempt: int
    reason: str


Line = Literal["workers", "conversation"]


class QueuePosition(Event):
    """The question still waits, as number ``position`` of all that do in the same line.

    line: "workers", of all that wait for a worker; "conversation", of those that wait for their
    turn in its conversation. It is told beside the stream: as an aside, which no log holds (see
    frames.py).
    """

    type: Literal["millstream.queue.position"] = "millstream.queue.position"
    position: int
    line: Line = "workers"


FINAL_TYPES: frozenset[str] = frozenset(
    {"response.completed", "response.failed", "response.incomplete"}
)


def final_event(response: ResponseObject) -> ResponseEvent:
    """Return the event that ends the stream of ``response``.

    Raises ValueError when its status is not a final one.
    """
    match response.status:
        case "completed":
            return ResponseCompleted(response=response)
        case "failed":
            return ResponseFailed(response=response)
        case "incomplete" | "cancelled":
            return ResponseIncomplete(response=response)
    raise ValueError(f"{response.id} is {response.status}, which is not final")
