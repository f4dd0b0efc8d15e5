"""The search of an answer as an output item: from begun to done, or cut short."""

from collections.abc import Sequence
from typing import Final, Literal, Self

from millstream_contract.events import Event, FileSearchEvent, OutputItemAdded, OutputItemDone
from millstream_contract.identifiers import new_id
from millstream_contract.objects import FileSearchCall, Passage, SearchResult

_OUTPUT_INDEX: Final = 0
"""A search is told first, or not at all."""

_SHORT_TEXT: Final = 1500
"""Code points of a passage that a search result shows: enough for what the model was given."""


class SearchItem:
    """One search. Methods return the events to write, in order."""

    def __init__(self, call: FileSearchCall) -> None:
        """Go on with a search that was told as far as ``call`` says."""
        self.call = call

    @classmethod
    def new(cls) -> Self:
        """Return a search that was not told yet."""
        return cls(FileSearchCall(id=new_id("fs"), status="in_progress"))

    @property
    def is_done(self) -> bool:
        """True when it was told what was found."""
        return self.call.status == "completed"

    def begun(self) -> list[Event]:
        """The documents are being searched."""
        return [
            OutputItemAdded(output_index=_OUTPUT_INDEX, item=self.call),
            self._step("response.file_search_call.in_progress"),
            self._step("response.file_search_call.searching"),
        ]

    def found(self, queries: Sequence[str], passages: Sequence[Passage]) -> list[Event]:
        """These passages were found, and judged good enough to answer from."""
        self._close("completed", tuple(queries), tuple(map(_result, passages)))
        return [self._step("response.file_search_call.completed"), self._done()]

    def cut_short(self, *, failed: bool) -> list[Event]:
        """The answer ends; nothing if the search was over before."""
        if self.call.status != "in_progress":
            return []
        self._close("failed" if failed else "incomplete", (), None)
        return [self._done()]

    def _step(
        self,
        kind: Literal[
            "response.file_search_call.in_progress",
            "response.file_search_call.searching",
            "response.file_search_call.completed",
        ],
    ) -> FileSearchEvent:
        return FileSearchEvent(type=kind, output_index=_OUTPUT_INDEX, item_id=self.call.id)

    def _close(
        self,
        status: Literal["completed", "incomplete", "failed"],
        queries: tuple[str, ...],
        results: tuple[SearchResult, ...] | None,
    ) -> None:
        self.call = self.call.model_copy(
            update={"status": status, "queries": queries, "results": results}
        )

    def _done(self) -> OutputItemDone:
        return OutputItemDone(output_index=_OUTPUT_INDEX, item=self.call)


def _result(passage: Passage) -> SearchResult:
    return SearchResult(
        file_id=passage.document_id,
        filename=passage.title,
        score=passage.score,
        text=passage.text[:_SHORT_TEXT],
        attributes={"number": passage.number, "place": passage.place},
    )
