"""The recorder: turns what happens to an answer into events, and holds what they add up to.

Pure: no clock, no input or output. Whatever it hands out in order is a whole and lawful stream,
and the final object holds exactly the text that its deltas spell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from millstream_contract.events import AttemptReset, Event, ResponseInProgress
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import (
    OutputItem,
    Passage,
    ResponseError,
    ResponseObject,
    Timings,
    Usage,
)
from millstream_worker.answering.message_item import MessageItem, MessageStatus
from millstream_worker.answering.said import Said
from millstream_worker.answering.search_item import SearchItem


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
        self._passages: Sequence[Passage] = ()
        self._search: SearchItem | None = None
        self._message: MessageItem | None = None

    def begin(self) -> list[Event]:
        """Begin, or go on."""
        return [ResponseInProgress(response=self._row.as_object())]

    def resume(self, said: Said) -> None:
        """Go on behind what earlier attempts have said."""
        self._search = None if said.search is None else SearchItem(said.search)
        self._message = None
        if said.message_id is not None:
            self._message = MessageItem(
                said.message_id,
                self._message_index,
                text=said.text,
                annotations=said.annotations,
                told=said.message_done,
            )

    def retract(self, reason: str) -> list[Event]:
        """Take back what was said, for it starts over."""
        self.resume(Said())
        return [AttemptReset(attempt=self._row.attempt, reason=reason)]

    @property
    def spoken(self) -> str:
        """The text so far."""
        return "" if self._message is None else self._message.text

    @property
    def is_told(self) -> bool:
        """True when an earlier attempt has told the answer to its end."""
        return self._message is not None and self._message.is_told

    @property
    def characters(self) -> int:
        """Code points of the text so far."""
        return 0 if self._message is None else self._message.characters

    def search_begun(self) -> list[Event]:
        """The documents are being searched."""
        if self._search is not None:
            return []
        self._search = SearchItem.new()
        return self._search.begun()

    def search_done(self, queries: Sequence[str], passages: Sequence[Passage]) -> list[Event]:
        """These passages were found, and judged good enough to answer from."""
        if self._search is None:
            raise RuntimeError("the search has not begun")
        self._grounded = bool(passages)
        self._passages = passages
        if self._message is not None:
            self._message.cite(passages)
        return [] if self._search.is_done else self._search.found(queries, passages)

    def text(self, piece: str) -> list[Event]:
        """The model said ``piece``, which must be storable text."""
        if not piece:
            return []
        message, begun = self._message_begun()
        return begun + message.add(piece)

    def end(
        self, ending: Ending, *, usage: Usage | None, timings: Timings, at: datetime
    ) -> tuple[list[Event], ResponseObject]:
        """End; return the events before the final one, and the object that it carries."""
        events: list[Event] = []
        output: list[OutputItem] = []
        if self._search is not None:
            events += self._search.cut_short(failed=ending.status == "failed")
            output.append(self._search.call)
        if self._message is not None or ending.status == "completed":
            message, begun = self._message_begun()
            status: MessageStatus = "completed" if ending.status == "completed" else "incomplete"
            done, item = message.done(status)
            events += begun + done
            output.append(item)
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
        return events, final.as_object(tuple(output))

    def _message_begun(self) -> tuple[MessageItem, list[Event]]:
        """Return the message, and the events that begin it if it had not begun."""
        if self._message is not None:
            return self._message, []
        self._message = MessageItem.new(self._message_index)
        self._message.cite(self._passages)
        return self._message, self._message.begun()

    @property
    def _message_index(self) -> int:
        return 0 if self._search is None else 1
