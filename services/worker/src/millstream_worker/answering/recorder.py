"""The recorder: turns what happens to an answer into events, and holds what they add up to.

Pure: no clock, no input or output. Whatever it hands out in order is a whole and lawful stream,
and the final object holds exactly the text that its deltas spell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from millstream_contract.events import (
    AnnotationAdded,
    AttemptReset,
    ContentPartEvent,
    Event,
    FileSearchEvent,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    ResponseInProgress,
)
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import (
    FileCitation,
    FileSearchCall,
    OutputItem,
    OutputMessage,
    OutputText,
    Passage,
    ResponseError,
    ResponseObject,
    SearchResult,
    Timings,
    Usage,
)
from millstream_worker.answering.citations import CitationFinder
from millstream_worker.answering.said import Said

_SHORT_TEXT: Final = 1500
"""Code points of a passage that a search result shows: enough for what the model was given."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ends, and why."""

    status: Literal["completed", "failed", "incomplete", "cancelled"]
    error: ResponseError | None = None
    incomplete_reason: Literal["max_output_tokens", "content_filter"] | None = None


class Recorder:
    """Records one attempt at one response. Methods return the events to write, in order."""

    def __init__(self, row: ResponseRow) -> None:
        """Record the attempt that ``row`` is claimed by."""
        self._row = row
        self._grounded = row.grounded
        self._search: FileSearchCall | None = None
        self._message_id: str | None = None
        self._message_is_done = False
        self._passages: dict[int, Passage] = {}
        self._finder = CitationFinder(())
        self._pieces: list[str] = []
        self._annotations: list[FileCitation] = []
        self.characters = 0
        """Code points of the text so far."""

    def begin(self) -> list[Event]:
        """Begin, or go on."""
        return [ResponseInProgress(response=self._row.as_object())]

    def resume(self, said: Said) -> None:
        """Go on behind what earlier attempts have said."""
        self._search = said.search
        self._message_id = said.message_id
        self._message_is_done = said.message_done is not None
        self._pieces = [said.text] if said.text else []
        self._annotations = list(said.annotations)
        self.characters = len(said.text)

    def retract(self, reason: str) -> list[Event]:
        """Take back what was said, for it starts over."""
        self.resume(Said())
        return [AttemptReset(attempt=self._row.attempt, reason=reason)]

    @property
    def spoken(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def search_begun(self) -> list[Event]:
        """The documents are being searched."""
        if self._search is not None:
            return []
        self._search = FileSearchCall(id=new_id("fs"), status="in_progress")
        return [
            OutputItemAdded(output_index=0, item=self._search),
            self._step("response.file_search_call.in_progress"),
            self._step("response.file_search_call.searching"),
        ]

    def search_done(self, queries: Sequence[str], passages: Sequence[Passage]) -> list[Event]:
        """These passages were found, and judged good enough to answer from."""
        self._grounded = bool(passages)
        self._passages = {passage.number: passage for passage in passages}
        self._finder = CitationFinder(self._passages)
        # Marks in what an earlier attempt has said were told by it.
        for _ in self._finder.feed(self.spoken):
            continue
        if self._open_search.status == "completed":
            return []
        self._close_search("completed", tuple(queries), tuple(map(_result, passages)))
        return [self._step("response.file_search_call.completed"), self._search_item_done()]

    def text(self, piece: str) -> list[Event]:
        """The model said ``piece``, which must be storable text."""
        if not piece:
            return []
        events = self._message_begun() if self._message_id is None else []
        self._pieces.append(piece)
        self.characters += len(piece)
        events.append(
            OutputTextDelta(
                item_id=self._id_of_message, output_index=self._message_index, delta=piece
            )
        )
        for number, index in self._finder.feed(piece):
            events.append(self._cited(self._passages[number], index))
        return events

    def end(
        self, ending: Ending, *, usage: Usage | None, timings: Timings, at: datetime
    ) -> tuple[list[Event], ResponseObject]:
        """End; return the events before the final one, and the object that it carries."""
        events: list[Event] = []
        if self._search is not None and self._search.status == "in_progress":
            failed = ending.status == "failed"
            self._close_search("failed" if failed else "incomplete", (), None)
            events.append(self._search_item_done())
        if self._message_id is None and ending.status == "completed":
            events += self._message_begun()
        if self._message_id is not None and not self._message_is_done:
            events += self._message_done(ending)
        final = self._row.model_copy(
            update={
                "status": ending.status,
                "error": ending.error,
                "incomplete_reason": ending.incomplete_reason,
                "usage": usage,
                "grounded": self._grounded,
                "timings": timings,
                "completed_at": at,
            }
        )
        return events, final.as_object(self._output(ending))

    def _output(self, ending: Ending) -> tuple[OutputItem, ...]:
        output: list[OutputItem] = [self._search] if self._search is not None else []
        if self._message_id is not None:
            output.append(self._message(ending))
        return tuple(output)

    def _step(
        self,
        kind: Literal[
            "response.file_search_call.in_progress",
            "response.file_search_call.searching",
            "response.file_search_call.completed",
        ],
    ) -> FileSearchEvent:
        return FileSearchEvent(type=kind, output_index=0, item_id=self._open_search.id)

    def _close_search(
        self,
        status: Literal["completed", "incomplete", "failed"],
        queries: tuple[str, ...],
        results: tuple[SearchResult, ...] | None,
    ) -> None:
        self._search = self._open_search.model_copy(
            update={"status": status, "queries": queries, "results": results}
        )

    def _search_item_done(self) -> OutputItemDone:
        return OutputItemDone(output_index=0, item=self._open_search)

    @property
    def _open_search(self) -> FileSearchCall:
        if self._search is None:
            raise RuntimeError("the search has not begun")
        return self._search

    @property
    def _id_of_message(self) -> str:
        if self._message_id is None:
            raise RuntimeError("the message has not begun")
        return self._message_id

    @property
    def _message_index(self) -> int:
        return 0 if self._search is None else 1

    def _message_begun(self) -> list[Event]:
        self._message_id = new_id("msg")
        begun = OutputMessage(id=self._message_id, status="in_progress")
        return [
            OutputItemAdded(output_index=self._message_index, item=begun),
            self._part("response.content_part.added", OutputText()),
        ]

    def _message_done(self, ending: Ending) -> list[Event]:
        message = self._message(ending)
        part = message.content[0]
        return [
            OutputTextDone(item_id=message.id, output_index=self._message_index, text=part.text),
            self._part("response.content_part.done", part),
            OutputItemDone(output_index=self._message_index, item=message),
        ]

    def _message(self, ending: Ending) -> OutputMessage:
        text = OutputText(text=self.spoken, annotations=tuple(self._annotations))
        return OutputMessage(
            id=self._id_of_message,
            status="completed" if ending.status == "completed" else "incomplete",
            content=(text,),
        )

    def _part(
        self,
        kind: Literal["response.content_part.added", "response.content_part.done"],
        part: OutputText,
    ) -> ContentPartEvent:
        return ContentPartEvent(
            type=kind, item_id=self._id_of_message, output_index=self._message_index, part=part
        )

    def _cited(self, passage: Passage, index: int) -> AnnotationAdded:
        citation = FileCitation(file_id=passage.document_id, filename=passage.title, index=index)
        self._annotations.append(citation)
        return AnnotationAdded(
            item_id=self._id_of_message,
            output_index=self._message_index,
            annotation_index=len(self._annotations) - 1,
            annotation=citation,
        )


def _result(passage: Passage) -> SearchResult:
    return SearchResult(
        file_id=passage.document_id,
        filename=passage.title,
        score=passage.score,
        text=passage.text[:_SHORT_TEXT],
        attributes={"number": passage.number, "place": passage.place},
    )
