"""What the attempts before this one have said and not taken back, read from their frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from millstream_contract.frames import Frame, decode_event
from millstream_contract.objects import FileCitation, FileSearchCall, OutputMessage


@dataclass(slots=True)
class Said:
    """The part of an answer that viewers have seen.

    search: the search as far as it went. message_id: the message, once it began; message_done: its
    whole item, once it ended (the end of the response was then not stored any more).
    """

    begun: bool = False
    search: FileSearchCall | None = None
    message_id: str | None = None
    text: str = ""
    annotations: list[FileCitation] = field(default_factory=list)
    message_done: OutputMessage | None = None

    @property
    def search_is_done(self) -> bool:
        """True when the passages were told."""
        return self.search is not None and self.search.status == "completed"

    def can_go_on(self, *, knows_passages: bool, continues_text: bool) -> bool:
        """Tell whether a later attempt can go on behind this; else it is to be taken back.

        knows_passages: that attempt has those that were found. continues_text: the model goes on
        behind a text.
        """
        # Both must be known, or neither: the passages that were told, and those to answer from.
        if self.search_is_done != knows_passages:
            return False
        if self.search is not None and self.search.status in {"failed", "incomplete"}:
            # That was its end: it cannot be told to end in another way.
            return False
        if self.message_done is not None:
            return self.message_done.status == "completed"
        return continues_text or not self.text


def said_in(frames: Sequence[Frame]) -> Said:
    """Return what a log's frames say. Raises BadFrame when one of them is none."""
    said = Said()
    # Joined at the end: a text that grows token by token would be copied for each of them.
    pieces: list[str] = []
    for frame in frames:
        event = decode_event(frame)
        match event["type"]:
            case "millstream.attempt.reset":
                said = Said(begun=True)
                pieces.clear()
            case "response.output_text.delta":
                pieces.append(event["delta"])
            case _:
                _add(said, event)
    said.text = "".join(pieces)
    return said


def _add(said: Said, event: dict[str, Any]) -> None:
    match event["type"]:
        case "response.in_progress":
            said.begun = True
        case "response.output_item.added" | "response.output_item.done":
            _add_item(said, event["item"], done=event["type"].endswith("done"))
        case "response.output_text.annotation.added":
            said.annotations.append(FileCitation.model_validate(event["annotation"]))


def _add_item(said: Said, item: dict[str, Any], *, done: bool) -> None:
    if item["type"] == "file_search_call":
        said.search = FileSearchCall.model_validate(item)
    elif done:
        said.message_done = OutputMessage.model_validate(item)
    else:
        said.message_id = item["id"]
