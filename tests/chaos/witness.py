"""What one viewer saw of one answer whose text is known. It counts what is wrong, and never raises.

Pure: no clock, no connection. The same witness reads the stream that the ledger has stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.harness.sse import Comment, Done, Item, StreamEvent
from tests.harness.transcript import DELTA, RESET, output_text


@dataclass
class Witness:
    """Takes in every item of every connection of one viewer."""

    known: str
    """The whole text that the model says."""
    cursor: int = -1
    text: str = ""
    """What the viewer shows: the deltas since the last reset."""
    events: list[StreamEvent] = field(default_factory=list)
    token_times: list[float] = field(default_factory=list)
    """When each piece of text came, in seconds of time.monotonic."""
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    resets: int = 0
    jumps: int = 0
    """Resets that left numbers out: a log began again, Redis and its worker being lost at once."""
    done: bool = False

    def add(self, item: Item, at: float) -> None:
        """Take in the next item, which came at this moment."""
        match item:
            case Comment():
                return
            case Done():
                self._add_done()
            case StreamEvent():
                self._add_event(item, at)

    @property
    def ended(self) -> bool:
        """Whether the final event was seen."""
        return bool(self.events) and self.events[-1].final

    @property
    def final(self) -> dict[str, Any] | None:
        """The response object of the final event."""
        response: dict[str, Any] | None = self.events[-1].body["response"] if self.ended else None
        return response

    @property
    def response_id(self) -> str | None:
        """The id of the response, once an event has told it."""
        for event in self.events:
            if "response" in event.body:
                return str(event.body["response"]["id"])
        return None

    def compare(self, stored: "Witness") -> None:
        """Hold what was seen against the stored stream: each event the same, and all of them."""
        mine = self._since_jump() if self.jumps else self.events
        theirs = {event.number: event for event in stored.events}
        for event in mine:
            if theirs.get(event.number) != event:
                self.wrong.append(f"event {event.number} is not the one that is stored")
        if self.ended and stored.ended and self.text != stored.text:
            self.wrong.append("the text that was shown is not the one that is stored")

    def _add_done(self) -> None:
        if not self.ended:
            self.wrong.append("[DONE] came before a final event")
        self.done = True

    def _add_event(self, event: StreamEvent, at: float) -> None:
        due = self.cursor + 1
        if event.number < due or self.ended:
            self.doubled += 1
            return
        if event.number > due:
            if event.type == RESET:
                self.jumps += 1
            else:
                self.lost += event.number - due
        self.cursor = event.number
        self.events.append(event)
        if event.type == DELTA:
            self.token_times.append(at)
        self._show(event)

    def _show(self, event: StreamEvent) -> None:
        if event.type == DELTA:
            delta = event.body["delta"]
            if not self.known.startswith(delta, len(self.text)):
                self.wrong.append(f"event {event.number}: the text leaves the script: {delta!r}")
            self.text += delta
        elif event.type == RESET:
            self.resets += 1
            self.text = ""
        elif event.type == "response.output_text.done" and event.body["text"] != self.text:
            self.wrong.append("the whole text is not what its deltas spell")
        elif event.final:
            self._check_final(event.body["response"])

    def _check_final(self, final: dict[str, Any]) -> None:
        if output_text(final) != self.text:
            self.wrong.append("the final text is not what was shown")
        if final["status"] == "completed" and self.text != self.known:
            self.wrong.append("the answer is completed, and its text is not the script's")

    def _since_jump(self) -> Sequence[StreamEvent]:
        before = [-1, *(event.number for event in self.events)]
        jumps = [
            place
            for place, event in enumerate(self.events)
            if event.type == RESET and event.number != before[place] + 1
        ]
        return self.events[jumps[-1] :]
