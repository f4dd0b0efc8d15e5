"""Writes specs/005-chat-streaming-responses/contracts/sse-stream.yaml from the event types.

The types in millstream_contract.events are the source; a test holds the file to them.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from millstream_contract import events

FILE = Path(__file__).parent.parent / "specs/005-chat-streaming-responses/contracts/sse-stream.yaml"

EVENTS: tuple[type[events.Event], ...] = (
    events.ResponseCreated,
    events.ResponseQueued,
    events.ResponseInProgress,
    events.OutputItemAdded,
    events.FileSearchEvent,
    events.OutputItemDone,
    events.ContentPartEvent,
    events.OutputTextDelta,
    events.AnnotationAdded,
    events.OutputTextDone,
    events.AttemptReset,
    events.QueuePosition,
    events.ResponseCompleted,
    events.ResponseFailed,
    events.ResponseIncomplete,
)

_DESCRIPTION = """\
The stream of one response, as text/event-stream, from POST /v1/responses with "stream": true and
from GET /v1/responses/{id}?stream=true. A frame is two lines and a blank one:

    id: <sequence_number>
    data: <the event as JSON on one line, "type" first>

There is no `event:` line. sequence_number starts at 0 and rises by one over the whole life of the
response, attempts included; only a millstream.attempt.reset may jump ahead. The cursor is
?starting_after=<n> or the header Last-Event-ID: <n>; the stream then starts with the next event.
A millstream.queue.position, told while the question waits in line, or for its turn in its
conversation, is an aside: it has no id line, repeats the number of the event before it, and is
neither stored nor sent again. Comments (lines that start with a colon) are keep-alives, at least
every 15 seconds. A final event (completed, failed, incomplete) is followed by `data: [DONE]`. A
stream that ends without a final event was cut: come back with the cursor. Types that start with
millstream. are ours and may be passed by.
"""


class Whole(GenerateJsonSchema):
    """What is sent has all of its fields, also those that have a default in the code."""

    def field_is_required(self, *_: Any, **__: Any) -> bool:
        """Return True: any field is."""
        return True


class Readable(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and each value where it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: nothing is written as a reference to an earlier line."""
        return True


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Readable.add_representer(str, _represent_text)


def contract() -> dict[str, Any]:
    """Return the contract as one document."""
    schema = TypeAdapter(_union()).json_schema(
        mode="serialization", ref_template="#/$defs/{model}", schema_generator=Whole
    )
    definitions = schema["$defs"]
    for event in EVENTS:
        described = definitions[event.__name__]
        described["properties"]["sequence_number"] = {"type": "integer", "minimum": 0}
        described["required"] = sorted(described["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Events of a Millstream response",
        "description": _DESCRIPTION,
        "oneOf": [{"$ref": f"#/$defs/{event.__name__}"} for event in EVENTS],
        "$defs": definitions,
    }


def text() -> str:
    """Return the file's content."""
    head = (
        "# Made by scripts/make_stream_contract.py from millstream_contract.events. Do not edit.\n"
    )
    return head + yaml.dump(contract(), Dumper=Readable, sort_keys=False, width=100)


def _union() -> Any:
    union: Any = EVENTS[0]
    for event in EVENTS[1:]:
        union = union | event
    return union


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE} written\n")
