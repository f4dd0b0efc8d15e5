"""The WebSocket at ``/v1/responses``: the same events, as one text message each.

A client sends ``{"type": "response.create", ...}`` with the fields of POST /v1/responses, or
``{"type": "millstream.response.resume", "response_id": ..., "starting_after": n}``. What it calls
``stream_id`` is a lane: its events carry it, and its requests are answered one after the other.
"""

import json
import logging
from collections.abc import Callable
from typing import Final, TypeVar

import gevent
from flask import Flask, current_app, g
from flask_sock import Sock
from gevent.lock import RLock
from gevent.pool import Group
from gevent.util import wrap_errors
from simple_websocket import ConnectionClosed, Server

from millstream_api.asking import new_response, read_question
from millstream_api.cursor import Cursor
from millstream_api.errors import ApiError, as_api_error, crashed, not_found
from millstream_api.identity import Identity, current_identity
from millstream_api.leaving import stop
from millstream_api.request_limits import count_message
from millstream_api.routes.responses import check_not_ahead_of, named_not_found, owned_outline
from millstream_api.services import Services, services
from millstream_api.socket_messages import (
    Asked,
    error_message,
    event_messages,
    read_message,
    read_resume,
)
from millstream_contract.errors import ContractError, NotFound
from millstream_contract.frames import DONE
from millstream_contract.ledger.new_entries import NewResponse

_GOING_AWAY: Final = 1001
_MOST_STREAMS: Final = 32

_LOOK_SECONDS: Final = 1.0
"""How soon a socket learns that this process is ending."""

T = TypeVar("T")

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
        self._has_left = False

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
        self._has_left = True
        for response_id in self._attended:
            self._stop(response_id)

    def _stop(self, response_id: str) -> None:
        gevent.spawn(stop, self._parts.canceller, self._owner, response_id)

    def _handle(self, message: str | bytes) -> None:
        stream_id = None
        try:
            try:
                asked = read_message(message)
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

    def _answer(self, asked: Asked, ahead: "gevent.Greenlet[..., None] | None") -> None:
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

    def _begin_and_relay(self, asked: Asked) -> None:
        # A socket may be open for longer than the login is good that opened it.
        self._parts.gate.check_still_valid(self._identity)
        with self._app.app_context():
            response_id, cursor = self._begin(asked)
        self._relay(response_id, cursor, asked.stream_id)

    def _begin(self, asked: Asked) -> tuple[str, int]:
        return (self._create(asked), -1) if asked.is_create else self._resume(asked)

    def _create(self, asked: Asked) -> str:
        settings = self._parts.settings
        question = read_question(json.dumps(asked.fields).encode(), settings)
        new = new_response(question, self._owner, None, settings)
        try:
            return _to_its_end(lambda: self._accept(new))
        except NotFound as error:
            raise named_not_found(error, new) from None

    def _accept(self, new: NewResponse) -> str:
        response_id = self._parts.acceptor.accept(new).row.id
        if self._has_left and not new.background:
            self._stop(response_id)
        elif not new.background:
            self._attended.add(response_id)
        return response_id

    def _resume(self, asked: Asked) -> tuple[str, int]:
        response_id, cursor = read_resume(asked.fields)
        outline = owned_outline(response_id, self._owner)
        check_not_ahead_of(response_id, outline, Cursor(cursor))
        return response_id, cursor

    def _relay(self, response_id: str, cursor: int, stream_id: str | None) -> None:
        data = b""
        try:
            for data in self._parts.streamer.stream(response_id, cursor):
                for text in event_messages(data, stream_id):
                    self._send(text)
            self._attended.discard(response_id)
            if data != DONE and not self._parts.hub.draining:
                self._refuse(not_found("response", response_id), stream_id)
        except ConnectionClosed:
            logger.debug("%s: the socket closed before the end", response_id)

    def _refuse(self, error: ApiError, stream_id: str | None) -> None:
        try:
            self._send(error_message(error, stream_id))
        except ConnectionClosed:
            logger.debug("the socket closed before an error could be told")

    def _send(self, text: str) -> None:
        with self._sending:
            self._socket.send(text)


def _to_its_end(do: Callable[[], T]) -> T:
    """Do it on a greenlet of its own, which goes on when this one is killed: nothing half done."""
    done: T | Exception = gevent.spawn(wrap_errors((Exception,), do)).get()
    if isinstance(done, Exception):
        raise done
    return done
