"""The text of an answer as an output item: a message, from begun to done, with its citations."""

from collections.abc import Sequence
from typing import Literal, Self

from millstream_contract.events import (
    AnnotationAdded,
    ContentPartEvent,
    Event,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
)
from millstream_contract.identifiers import new_id
from millstream_contract.objects import FileCitation, OutputMessage, OutputText, Passage
from millstream_worker.answering.citations import CitationFinder

MessageStatus = Literal["completed", "incomplete"]


class MessageItem:
    """One message at one place of the output. Methods return the events to write, in order."""

    def __init__(
        self,
        item_id: str,
        output_index: int,
        *,
        text: str = "",
        annotations: Sequence[FileCitation] = (),
        told: OutputMessage | None = None,
    ) -> None:
        """Go on with a message that was told as far as this says; ``told``: as a whole."""
        self._id = item_id
        self._output_index = output_index
        self._pieces = [text] if text else []
        self._annotations = list(annotations)
        self._passages: dict[int, Passage] = {}
        self._finder = CitationFinder(())
        self.characters = len(text)
        """Code points of the text so far."""
        self._told = told

    @classmethod
    def new(cls, output_index: int) -> Self:
        """Return a message that was not told yet."""
        return cls(new_id("msg"), output_index)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def cite(self, passages: Sequence[Passage]) -> None:
        """Have marks with the numbers of these passages cite them, in what is said from here on."""
        self._passages = {passage.number: passage for passage in passages}
        self._finder = CitationFinder(self._passages)
        # Marks in what an earlier attempt has said were told by it.
        for _ in self._finder.feed(self.text):
            continue

    def begun(self) -> list[Event]:
        """The message begins."""
        item = OutputMessage(id=self._id, status="in_progress")
        return [
            OutputItemAdded(output_index=self._output_index, item=item),
            self._part("response.content_part.added", OutputText()),
        ]

    def add(self, piece: str) -> list[Event]:
        """The text goes on with ``piece``."""
        self._pieces.append(piece)
        self.characters += len(piece)
        events: list[Event] = [
            OutputTextDelta(item_id=self._id, output_index=self._output_index, delta=piece)
        ]
        for number, index in self._finder.feed(piece):
            events.append(self._cited(self._passages[number], index))
        return events

    def done(self, status: MessageStatus) -> tuple[list[Event], OutputMessage]:
        """The text ends: return the message, too. One that was told before stays as it was told."""
        if self._told is not None:
            return [], self._told
        part = OutputText(text=self.text, annotations=tuple(self._annotations))
        item = OutputMessage(id=self._id, status=status, content=(part,))
        return [
            OutputTextDone(item_id=self._id, output_index=self._output_index, text=part.text),
            self._part("response.content_part.done", part),
            OutputItemDone(output_index=self._output_index, item=item),
        ], item

    @property
    def is_told(self) -> bool:
        """True when an earlier attempt has told it to its end."""
        return self._told is not None

    def _part(
        self,
        kind: Literal["response.content_part.added", "response.content_part.done"],
        part: OutputText,
    ) -> ContentPartEvent:
        return ContentPartEvent(
            type=kind, item_id=self._id, output_index=self._output_index, part=part
        )

    def _cited(self, passage: Passage, index: int) -> AnnotationAdded:
        citation = FileCitation(file_id=passage.document_id, filename=passage.title, index=index)
        self._annotations.append(citation)
        return AnnotationAdded(
            item_id=self._id,
            output_index=self._output_index,
            annotation_index=len(self._annotations) - 1,
            annotation=citation,
        )
