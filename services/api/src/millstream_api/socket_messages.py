"""The messages of a WebSocket: what a client asks, read and checked, and what it is told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from millstream_api.bodies import check_text, json_object
from millstream_api.cursor import checked_cursor
from millstream_api.errors import ApiError, bad_field
from millstream_api.field_errors import empty, missing, not_among, too_long, unsupported, wrong_type
from millstream_contract.frames import DONE, KEEP_ALIVE, is_aside, split_frames

_CREATE: Final = "response.create"
_RESUME: Final = "millstream.response.resume"

_LONGEST_LANE: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """One message of a client, checked as far as its envelope goes.

    stream_id: its lane, if it names one. Requests of one lane are answered one after the other.
    """

    kind: str
    fields: dict[str, Any]
    stream_id: str | None

    @property
    def is_create(self) -> bool:
        """True for a question; otherwise a stream is resumed."""
        return self.kind == _CREATE


def read_message(message: str | bytes) -> Asked:
    """Return what a client asks. Raises ApiError."""
    body = message if isinstance(message, bytes) else message.encode("utf-8", "surrogatepass")
    request = json_object(body)
    kind = request.pop("type", None)
    if kind not in (_CREATE, _RESUME):
        raise not_among("type", kind, f"{_CREATE} or {_RESUME}")
    stream_id = request.pop("stream_id", None)
    if stream_id is not None:
        _check_lane(stream_id)
    if kind == _CREATE:
        _check_implied(request)
    return Asked(kind, request, stream_id)


def read_resume(fields: dict[str, Any]) -> tuple[str, int]:
    """Return the response and the cursor that a stream goes on from. Raises ApiError."""
    response_id, cursor = fields.get("response_id"), fields.get("starting_after", -1)
    if "response_id" not in fields:
        raise missing("response_id")
    if not isinstance(response_id, str):
        raise wrong_type("response_id", "a string")
    if type(cursor) is not int:
        raise wrong_type("starting_after", "a whole number from -1")
    checked_cursor("starting_after", cursor)
    for name in sorted(fields.keys() - {"response_id", "starting_after"}):
        raise unsupported(name)
    return response_id, cursor


def event_messages(data: bytes, stream_id: str | None) -> Iterator[str]:
    """Yield the events in a piece of a stream, each with its lane."""
    if data in {DONE, KEEP_ALIVE}:
        return
    lane = "" if stream_id is None else f',"stream_id":{json.dumps(stream_id)}'
    if is_aside(data):
        yield f"{_event_in(data)[:-1]}{lane}}}"
        return
    for frame in split_frames(data):
        yield f"{_event_in(frame.data)[:-1]}{lane}}}"


def error_message(error: ApiError, stream_id: str | None) -> str:
    """Return what tells a client why a request of it was refused."""
    body = {"type": "error", "status": error.status, "error": error.body()["error"]}
    lane = {} if stream_id is None else {"stream_id": stream_id}
    headers = {"headers": error.headers} if error.headers else {}
    return json.dumps({**body, **headers, **lane})


def _check_lane(stream_id: object) -> None:
    if not isinstance(stream_id, str):
        raise wrong_type("stream_id", f"a string of 1 to {_LONGEST_LANE} characters")
    if not stream_id:
        raise empty("stream_id")
    if len(stream_id) > _LONGEST_LANE:
        raise too_long("stream_id", _LONGEST_LANE, len(stream_id))
    check_text("stream_id", stream_id)


def _check_implied(request: dict[str, Any]) -> None:
    # Fields that only say here what is done anyway.
    for name in ("stream", "generate"):
        given = request.pop(name, None)
        if given is not True and given is not None:
            raise bad_field(name, f"{name} must be true or null on a socket.", "unsupported_value")


def _event_in(data: bytes) -> str:
    return data.partition(b"data: ")[2].rstrip(b"\n").decode()
