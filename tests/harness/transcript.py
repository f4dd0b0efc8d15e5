"""What a viewer has seen of one response, checked as it arrives."""

from dataclasses import dataclass, field
from typing import Any

from tests.harness.sse import Aside, Comment, Done, Item, StreamEvent

DELTA = "response.output_text.delta"
RESET = "millstream.attempt.reset"


class BrokenStream(AssertionError):
    """The events of a stream break a promise: a hole, a repeat, something after the end."""


@dataclass
class Transcript:
    """The events of one response over any number of connections, each event exactly once.

    A viewer that was cut resumes with `cursor` and goes on with the same transcript.
    """

    events: list[StreamEvent] = field(default_factory=list)
    cursor: int | None = None
    """The number of the last event seen; None before the first."""
    text: str = ""
    """The text as a viewer shows it: the deltas of the latest attempt."""
    asides: list[dict[str, Any]] = field(default_factory=list)
    """What was told beside the stream."""
    keep_alives: int = 0
    done: bool = False
    """Whether the closing [DONE] was seen."""

    def add(self, item: Item) -> None:
        """Take in the next item. Raises BrokenStream."""
        match item:
            case Aside():
                # A viewer that resumes has no cursor here before its first event.
                if self.cursor is not None and item.body["sequence_number"] != self.cursor:
                    raise BrokenStream(f"an aside would move the cursor: {item.body}")
                self.asides.append(item.body)
            case Comment():
                self.keep_alives += 1
            case Done():
                if not self.events or not self.events[-1].final:
                    raise BrokenStream(f"[DONE] without a final event; seen: {self.types}")
                self.done = True
            case StreamEvent():
                self._add_event(item)

    def _add_event(self, event: StreamEvent) -> None:
        expected = event.number if self.cursor is None else self.cursor + 1
        # Only what takes back all before it may leave numbers out.
        if event.number != expected and not (event.type == RESET and event.number > expected):
            raise BrokenStream(f"event {event.number} came where {expected} was due: {event.body}")
        if self.events and self.events[-1].final:
            raise BrokenStream(f"event {event.number} came after the end: {event.body}")
        self.events.append(event)
        self.cursor = event.number
        if event.type == DELTA:
            self.text += event.body["delta"]
        elif event.type == RESET:
            self.text = ""
        elif event.type == "response.output_text.done" and event.body["text"] != self.text:
            raise BrokenStream(f"shown {self.text!r}, but the text is {event.body['text']!r}")

    @property
    def types(self) -> list[str]:
        """The types of all events, in order."""
        return [event.type for event in self.events]

    @property
    def deltas(self) -> list[str]:
        """The pieces of text of all attempts, in order."""
        return [event.body["delta"] for event in self.events if event.type == DELTA]

    @property
    def response_id(self) -> str:
        """The id of the response, from the first event that carries it."""
        return str(next(e.body["response"]["id"] for e in self.events if "response" in e.body))

    @property
    def final(self) -> dict[str, Any]:
        """The response object of the final event. Raises BrokenStream when there is none."""
        if not self.events or not self.events[-1].final:
            raise BrokenStream(f"the stream has no final event; seen: {self.types}")
        response: dict[str, Any] = self.events[-1].body["response"]
        return response


def output_text(response: dict[str, Any]) -> str:
    """Give the text of a response object, as the OpenAI SDK's `output_text` does."""
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == "output_text"
    )
