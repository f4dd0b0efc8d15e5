"""A strict reader of the stream, written from the protocol and not from the product's code.

What a lenient EventSource would forgive is an error here: a client that nobody here wrote may not
forgive it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

FINAL_TYPES = frozenset({"response.completed", "response.failed", "response.incomplete"})
_FRAME = re.compile(r"id: (0|[1-9][0-9]*)\ndata: (\{[^\n]*\})")


class WireError(AssertionError):
    """The bytes of a stream break the protocol."""


@dataclass(frozen=True)
class StreamEvent:
    """One event of a response."""

    number: int
    type: str
    body: dict[str, Any]

    @property
    def final(self) -> bool:
        """Whether no event may follow."""
        return self.type in FINAL_TYPES


class Comment(str):
    """The text of a comment line: a keep-alive."""

    __slots__ = ()


class Aside(Comment):
    """The type of an event beside the stream; for whoever follows the answer it is a comment."""

    __slots__ = ("body",)

    def __new__(cls, body: dict[str, Any]) -> Self:
        aside = super().__new__(cls, body["type"])
        aside.body = body
        return aside

    body: dict[str, Any]


class Done:
    """The closing `data: [DONE]`."""


Item = StreamEvent | Comment | Done


class StrictReader:
    """Turns the bytes of one stream into its items; raises WireError at the first wrong byte."""

    def __init__(self) -> None:
        self._rest = b""
        self._done = False

    @property
    def torn(self) -> bytes:
        """The bytes of a frame whose end has not come."""
        return self._rest

    def feed(self, data: bytes) -> Iterator[Item]:
        """Give the items that are complete with these bytes."""
        *frames, self._rest = (self._rest + data).split(b"\n\n")
        for frame in frames:
            if self._done:
                raise WireError(f"bytes after [DONE]: {frame!r}")
            item = _read(frame)
            self._done = isinstance(item, Done)
            yield item


def _read(frame: bytes) -> Item:
    try:
        text = frame.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"a frame is not UTF-8: {error}: {frame!r}") from error
    if "\r" in text:
        raise WireError(f"a frame contains a carriage return: {frame!r}")
    if text == "data: [DONE]":
        return Done()
    if text.startswith(": ") and "\n" not in text:
        return Comment(text[2:])
    if text.startswith('data: {"type":"millstream.'):
        event = _event(None, text.removeprefix("data: "))
        return Aside(event.body)
    match = _FRAME.fullmatch(text)
    if match is None:
        raise WireError(f"not `id: <number>` and one `data:` line of JSON: {frame!r}")
    return _event(int(match[1]), match[2])


def _event(number: int | None, data: str) -> StreamEvent:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise WireError(f"the data of event {number} is not JSON: {error}: {data!r}") from error
    if next(iter(body), None) != "type" or not isinstance(body["type"], str):
        raise WireError(f"event {number} does not begin with its type: {data!r}")
    if number is None:
        number = body.get("sequence_number", -1)
    if body.get("sequence_number") != number:
        raise WireError(f"event {number} is numbered {body.get('sequence_number')!r} inside")
    return StreamEvent(number, body["type"], body)
