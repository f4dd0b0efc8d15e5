"""The WebSocket at ``/v1/responses``: the same events, as one text message each.

A client sends ``{"type": "response.create", ...}`` with the fields of POST /v1/responses, or
``{"type": "millstream.response.resume", "response_id": ..., "starting_after": n}``. What it calls
``stream_id`` is a lane: its events carry it, and its requests are answered one after the other.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import gevent
from flask import Flask, current_app, g
from flask_sock import Sock
from gevent.lock import RLock
from gevent.pool import Group
from simple_websocket import ConnectionClosed, Server

from millstream_api.asking import new_response, read_question
from millstream_api.bodies import check_text, json_object
from millstream_api.cursor import Cursor, checked_cursor
from millstream_api.errors import ApiError, as_api_error, bad_field, crashed, not_found
from millstream_api.field_errors import empty, missing, not_among, too_long, unsupported, wrong_type
from millstream_api.identity import Identity, current_identity
from millstream_api.leaving import stop
from millstream_api.request_limits import count_message
from millstream_api.routes.responses import check_not_ahead_of, named_not_found, owned_response
from millstream_api.services import Services, services
from millstream_contract.errors import ContractError, NotFound
from millstream_contract.frames import DONE, KEEP_ALIVE, is_aside, split_frames

_CREATE: Final = "response.create"
_RESUME: Final = "millstream.response.resume"

_GOING_AWAY: Final = 1001
_MOST_STREAMS: Final = 32
_LONGEST_LANE: Final = 64

_LOOK_SECONDS: Final = 1.0
"""How soon a socket learns that this process is ending."""

logger = logging.getLogger(__name__)

sock = Sock()


@sock.route("/v1/responses")  # type: ignore[untyped-decorator]
def connect(socket: Server) -> None:
    """Serve one WebSocket until its client leaves."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _Session(socket, app, services(), current_identity()).serve()


def _take_seat() -> None:
    # Before the handshake: then a refusal is an answer like any other.
    g.seat = services().seats.take()


def _leave_seat(_: BaseException | None) -> None:
    if "seat" in g:
        g.seat.leave()


sock.bp.before_request(_take_seat)
sock.bp.teardown_request(_leave_seat)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One message of a client.

    stream_id: its lane, if it names one. Requests of one lane are answered one after the other.
    """

    kind: str
    fields: dict[str, Any]
    stream_id: str | None


class _Session:
    """One client's socket, with any number of responses on it."""

    def __init__(self, socket: Server, app: Flask, parts: Services, identity: Identity) -> None:
        self._socket = socket
        self._app = app
        self._parts = parts
        self._identity = identity
        self._owner = identity.owner
        self._sending = RLock()
        self._streams = Group()
        self._lanes: dict[str, gevent.Greenlet[..., None]] = {}
        self._attended: set[str] = set()

    def serve(self) -> None:
        try:
            while not self._parts.hub.draining:
                message = self._socket.receive(timeout=_LOOK_SECONDS)
                if message is not None:
                    self._handle(message)
            self._streams.join(_LOOK_SECONDS)
            # The types want an enumeration of a package below; a number is what is sent.
            self._socket.close(_GOING_AWAY, "This process is ending.")  # type: ignore[arg-type]
        finally:
            self._streams.kill()
            if not self._parts.hub.draining:
                self._stop_what_was_attended()

    def _stop_what_was_attended(self) -> None:
        for response_id in self._attended:
            gevent.spawn(stop, self._parts.canceller, self._owner, response_id)

    def _handle(self, message: str | bytes) -> None:
        body = message if isinstance(message, bytes) else message.encode("utf-8", "surrogatepass")
        stream_id = None
        try:
            try:
                asked = _read(json_object(body))
                stream_id = asked.stream_id
            finally:
                # What cannot be read counts as well, as it does over HTTP.
                count_message()
            self._check_room()
        except ApiError as error:
            self._refuse(error, stream_id)
            return
        ahead = self._lanes.get(stream_id) if stream_id is not None else None
        greenlet = self._streams.spawn(self._answer, asked, ahead)
        if stream_id is not None:
            self._lanes = {name: lane for name, lane in self._lanes.items() if not lane.dead}
            self._lanes[stream_id] = greenlet

    def _check_room(self) -> None:
        if len(self._streams) >= _MOST_STREAMS:
            message = f"A socket may have {_MOST_STREAMS} responses open at a time."
            raise ApiError(429, message, code="too_many_streams")

    def _answer(self, asked: _Asked, ahead: "gevent.Greenlet[..., None] | None") -> None:
        if ahead is not None:
            ahead.join()
        try:
            with self._parts.seats.one():
                self._begin_and_relay(asked)
        except ApiError as error:
            self._refuse(error, asked.stream_id)
        except ContractError as error:
            self._refuse(as_api_error(error), asked.stream_id)
        except Exception:
            logger.exception("a request on a socket crashed")
            self._refuse(crashed(), asked.stream_id)

    def _begin_and_relay(self, asked: _Asked) -> None:
        # A socket may be open for longer than the login is good that opened it.
        self._parts.gate.check_still_valid(self._identity)
        with self._app.app_context():
            response_id, cursor = self._begin(asked)
        self._relay(response_id, cursor, asked.stream_id)

    def _begin(self, asked: _Asked) -> tuple[str, int]:
        return (self._create(asked), -1) if asked.kind == _CREATE else self._resume(asked.fields)

    def _create(self, asked: _Asked) -> str:
        settings = self._parts.settings
        question = read_question(_dump(asked.fields), settings)
        new = new_response(question, self._owner, None, settings)
        try:
            response_id = self._parts.acceptor.accept(new).row.id
        except NotFound as error:
            raise named_not_found(error, new) from None
        if not question.background:
            self._attended.add(response_id)
        return response_id

    def _resume(self, request: dict[str, Any]) -> tuple[str, int]:
        response_id, cursor = request.get("response_id"), request.get("starting_after", -1)
        if "response_id" not in request:
            raise missing("response_id")
        if not isinstance(response_id, str):
            raise wrong_type("response_id", "a string")
        if type(cursor) is not int:
            raise wrong_type("starting_after", "a whole number from -1")
        checked_cursor("starting_after", cursor)
        for name in sorted(request.keys() - {"response_id", "starting_after"}):
            raise unsupported(name)
        row = owned_response(response_id, self._owner)
        check_not_ahead_of(row, Cursor(cursor))
        return response_id, cursor

    def _relay(self, response_id: str, cursor: int, stream_id: str | None) -> None:
        data = b""
        try:
            for data in self._parts.streamer.stream(response_id, cursor):
                for text in _messages(data, stream_id):
                    self._send(text)
            self._attended.discard(response_id)
            if data != DONE and not self._parts.hub.draining:
                self._refuse(not_found("response", response_id), stream_id)
        except ConnectionClosed:
            logger.debug("%s: the socket closed before the end", response_id)

    def _refuse(self, error: ApiError, stream_id: str | None) -> None:
        body = {"type": "error", "status": error.status, "error": error.body()["error"]}
        lane = {} if stream_id is None else {"stream_id": stream_id}
        headers = {"headers": error.headers} if error.headers else {}
        try:
            self._send(_dump({**body, **headers, **lane}).decode())
        except ConnectionClosed:
            logger.debug("the socket closed before an error could be told")

    def _send(self, text: str) -> None:
        with self._sending:
            self._socket.send(text)


def _read(request: dict[str, Any]) -> _Asked:
    """Return a message that was checked as far as its envelope goes. Raises ApiError."""
    kind = request.pop("type", None)
    if kind not in (_CREATE, _RESUME):
        raise not_among("type", kind, f"{_CREATE} or {_RESUME}")
    stream_id = request.pop("stream_id", None)
    if stream_id is not None:
        _check_lane(stream_id)
    if kind == _CREATE:
        _check_implied(request)
    return _Asked(kind, request, stream_id)


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


def _messages(data: bytes, stream_id: str | None) -> Iterator[str]:
    if data in {DONE, KEEP_ALIVE}:
        return
    lane = "" if stream_id is None else f',"stream_id":{json.dumps(stream_id)}'
    if is_aside(data):
        yield f"{_event_in(data)[:-1]}{lane}}}"
        return
    for frame in split_frames(data):
        yield f"{_event_in(frame.data)[:-1]}{lane}}}"


def _event_in(data: bytes) -> str:
    return data.partition(b"data: ")[2].rstrip(b"\n").decode()


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
