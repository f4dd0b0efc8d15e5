"""The WebSocket at ``/v1/responses``: the same events, as one text message each.

A client sends ``{"type": "response.create", ...}`` with the fields of POST /v1/responses, or
``{"type": "millstream.response.resume", "response_id": ..., "starting_after": n}``.
"""

import json
import logging
from collections.abc import Iterator
from typing import Any, Final

from flask_sock import Sock
from gevent.lock import RLock
from gevent.pool import Group
from simple_websocket import ConnectionClosed, Server

from millstream_api.asking import new_response, read_question
from millstream_api.bodies import json_object
from millstream_api.errors import ApiError, bad_field, conversation_busy, not_found, too_many_open
from millstream_api.identity import current_owner
from millstream_api.routes.responses import check_not_ahead_of, named_not_found, owned_response
from millstream_api.services import Services, services
from millstream_contract.errors import ContractError, ConversationBusy, NotFound, TooManyOpen
from millstream_contract.frames import DONE, KEEP_ALIVE, split_frames

_GOING_AWAY: Final = 1001
_MOST_STREAMS: Final = 32

_LOOK_SECONDS: Final = 1.0
"""How soon a socket learns that this process is ending."""

# What fits into an id of a Redis Stream, as a cursor in a query does.
_CURSOR_LIMIT: Final = 10**18

logger = logging.getLogger(__name__)

sock = Sock()


@sock.route("/v1/responses")  # type: ignore[untyped-decorator]
def connect(socket: Server) -> None:
    """Serve one WebSocket until its client leaves."""
    _Session(socket, services(), current_owner()).serve()


class _Session:
    """One client's socket, with any number of responses on it."""

    def __init__(self, socket: Server, parts: Services, owner: str) -> None:
        self._socket = socket
        self._parts = parts
        self._owner = owner
        self._sending = RLock()
        self._streams = Group()

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

    def _handle(self, message: str | bytes) -> None:
        body = message if isinstance(message, bytes) else message.encode("utf-8", "surrogatepass")
        try:
            self._check_room()
            response_id, cursor = self._begin(json_object(body))
        except ApiError as error:
            self._refuse(error)
        except ConversationBusy as error:
            self._refuse(conversation_busy(error))
        except TooManyOpen as error:
            self._refuse(too_many_open(error))
        except ContractError as error:
            logger.warning("a request on a socket failed: %s", error)
            self._refuse(ApiError(503, "A server behind the API is away.", code="unavailable"))
        else:
            self._streams.spawn(self._relay, response_id, cursor)

    def _check_room(self) -> None:
        if len(self._streams) >= _MOST_STREAMS:
            message = f"A socket may have {_MOST_STREAMS} responses open at a time."
            raise ApiError(429, message, code="too_many_streams")

    def _begin(self, request: dict[str, Any]) -> tuple[str, int]:
        kind = request.pop("type", None)
        if kind == "response.create":
            return self._create(request), -1
        if kind == "millstream.response.resume":
            return self._resume(request)
        message = "type must be response.create or millstream.response.resume."
        raise bad_field("type", message)

    def _create(self, request: dict[str, Any]) -> str:
        settings = self._parts.settings
        request.pop("stream", None)
        asked = read_question(_dump(request), settings)
        new = new_response(asked, self._owner, None, settings)
        try:
            return self._parts.acceptor.accept(new).id
        except NotFound as error:
            raise named_not_found(error, new) from None

    def _resume(self, request: dict[str, Any]) -> tuple[str, int]:
        response_id, cursor = request.get("response_id"), request.get("starting_after", -1)
        if not isinstance(response_id, str):
            raise bad_field("response_id", "response_id must be a string.")
        if type(cursor) is not int or not -1 <= cursor < _CURSOR_LIMIT:
            raise bad_field("starting_after", "starting_after must be a whole number from -1.")
        row = owned_response(response_id, self._owner)
        if cursor >= 0:
            check_not_ahead_of(row, cursor)
        return response_id, cursor

    def _relay(self, response_id: str, cursor: int) -> None:
        data = b""
        try:
            for data in self._parts.streamer.stream(response_id, cursor):
                for text in _messages(data):
                    self._send(text)
            if data != DONE and not self._parts.hub.draining:
                self._refuse(not_found("response", response_id))
        except ConnectionClosed:
            logger.debug("%s: the socket closed before the end", response_id)

    def _refuse(self, error: ApiError) -> None:
        body = error.body()["error"]
        self._send(_dump({"type": "error", "status": error.status, "error": body}).decode())

    def _send(self, text: str) -> None:
        with self._sending:
            self._socket.send(text)


def _messages(data: bytes) -> Iterator[str]:
    if data in {DONE, KEEP_ALIVE}:
        return
    for frame in split_frames(data):
        yield frame.data.partition(b"\ndata: ")[2].rstrip(b"\n").decode()


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
