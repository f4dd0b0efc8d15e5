"""``/v1/responses``: ask, watch, read, stop, delete."""

import logging
import time
from typing import Final

import gevent
from flask import Blueprint, Response, jsonify, request

from millstream_api.asking import new_response, read_question
from millstream_api.cursor import Cursor, check_not_ahead, read_cursor
from millstream_api.errors import ApiError, not_found
from millstream_api.field_errors import not_among, wrong_type
from millstream_api.identity import current_owner
from millstream_api.leaving import stopping_when_left
from millstream_api.routes.paging import check_include, listed_items
from millstream_api.server_sent import View, begun_view, viewer_stream
from millstream_api.services import Services, services
from millstream_api.staying import wait_for_end
from millstream_contract.errors import LogUnavailable, NotFound
from millstream_contract.frames import last_frame
from millstream_contract.identifiers import is_id
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import Accepted, Outline

logger = logging.getLogger(__name__)

_HEALING_SECONDS: Final = 5.0
"""How long a viewer waits until the log has again what it has seen of an answer. Where the writer
has died as well, the next attempt takes some 3 s to begin."""

_LOOK_AGAIN_SECONDS: Final = 0.1

blueprint = Blueprint("responses", __name__, url_prefix="/v1/responses")


@blueprint.post("")
def create() -> Response:
    """Accept a question; answer with its stream, its first state, or its end."""
    parts = services()
    asked = read_question(request.get_data(), parts.settings)
    key = request.headers.get("Idempotency-Key")
    new = new_response(asked, current_owner(), key, parts.settings)
    if asked.background and not asked.stream:
        return _as_json(_accepted(parts, new).row.id)
    # Whoever stays for the answer has a seat before anything of the question is kept.
    with parts.seats.one() as seat:
        accepted = _accepted(parts, new)
        if asked.stream:
            left = None if asked.background else stopping_when_left(parts.canceller, accepted)
            return viewer_stream(parts.streamer, begun_view(accepted.row, on_close=left), seat)
        wait_for_end(parts, accepted)
    return _as_json(accepted.row.id)


def _accepted(parts: Services, new: NewResponse) -> Accepted:
    try:
        return parts.acceptor.accept(new)
    except NotFound as error:
        raise named_not_found(error, new) from None


@blueprint.get("/<response_id>")
def retrieve(response_id: str) -> Response:
    """Answer with a response as it stands, or (``stream=true``) with its stream."""
    outline = owned_outline(response_id, current_owner())
    check_include()
    _is_true("include_obfuscation", allowed=False)
    cursor = read_cursor(request)
    if not _is_true("stream"):
        return _as_json(response_id)
    check_not_ahead_of(response_id, outline, cursor)
    view = View(
        response_id,
        cursor.number,
        may_be_final=outline.is_final,
        traceparent=outline.traceparent,
    )
    with services().seats.one() as seat:
        return viewer_stream(services().streamer, view, seat)


@blueprint.post("/<response_id>/cancel")
def cancel(response_id: str) -> Response:
    """Stop a response; a final one stays as it is."""
    owned_outline(response_id, current_owner())
    services().canceller.cancel(response_id, current_owner())
    return _as_json(response_id)


@blueprint.delete("/<response_id>")
def delete(response_id: str) -> Response:
    """Stop a response if it runs, and take it away with its log and items."""
    owner = current_owner()
    owned_outline(response_id, owner)
    parts = services()
    try:
        parts.canceller.cancel(response_id, owner)
        parts.ledger.responses.delete(response_id, owner)
    except NotFound:
        logger.debug("%s: deleted by somebody else meanwhile", response_id)
    try:
        parts.log.forget([response_id])
    except LogUnavailable as error:
        logger.warning("%s: its log ends by itself: %s", response_id, error)
    return jsonify({"id": response_id, "object": "response", "deleted": True})


@blueprint.get("/<response_id>/input_items")
def input_items(response_id: str) -> Response:
    """List what a response was asked with, newest first unless ``order=asc``."""
    owned_outline(response_id, current_owner())
    return listed_items(services().ledger.items.of_input, response_id, current_owner())


def owned_outline(response_id: str, owner: str) -> Outline:
    """Return how the owner's response stands. Raises ApiError (404) when there is none."""
    if not is_id(response_id, "resp"):
        raise not_found("response", response_id)
    try:
        return services().reads.outline(response_id, owner)
    except NotFound:
        raise not_found("response", response_id) from None


def check_not_ahead_of(response_id: str, outline: Outline, cursor: Cursor) -> None:
    """Raise ApiError (400) when a cursor points behind what the response has.

    A log that Redis has lost says nothing: its writer is sending it again, and has some time to.
    Before anybody has begun to answer there is no more to see than the opening.
    """
    if cursor.number < 0:
        return
    parts = services()
    if outline.is_final:
        check_not_ahead(cursor, _stored_count(response_id))
        return
    refuse_at = time.monotonic() + (0.0 if outline.status == "queued" else _HEALING_SECONDS)
    while _is_ahead(response_id, cursor.number):
        if time.monotonic() >= refuse_at:
            check_not_ahead(cursor, parts.reads.count(response_id))
        gevent.sleep(_LOOK_AGAIN_SECONDS)


def _stored_count(response_id: str) -> int:
    try:
        log = services().reads.stored(response_id, patiently=True)
    except NotFound:
        raise not_found("response", response_id) from None
    return last_frame(log).sequence_number + 1 if log else 0


def _is_ahead(response_id: str, cursor: int) -> bool:
    try:
        count = services().reads.count(response_id)
    except LogUnavailable:
        return False
    return 0 < count <= cursor


def named_not_found(missing: NotFound, new: NewResponse) -> ApiError:
    """Return the error for what a question names and is not there, or not this caller's."""
    kind, param = "conversation", "conversation"
    if missing.args == (new.replaces,):
        kind, param = "response", "millstream.replaces"
    elif missing.args == (new.previous_response_id,):
        kind, param = "response", "previous_response_id"
    error = not_found(kind, str(missing.args[0]))
    error.param = param
    if param == "previous_response_id":
        # The original's own code, which clients look for.
        error.code = "previous_response_not_found"
    return error


def _as_json(response_id: str) -> Response:
    responses = services().ledger.responses
    row = responses.get(response_id, current_owner())
    whole = row.as_object(responses.output(response_id))
    feedback = services().ledger.feedback.of(response_id)
    details = whole.millstream.model_copy(
        update={"superseded_by": row.superseded_by, "feedback": feedback}
    )
    return jsonify(whole.model_copy(update={"millstream": details}).model_dump(mode="json"))


def _is_true(name: str, *, allowed: bool = True) -> bool:
    value = request.args.get(name, "false")
    if value not in ({"true", "false"} if allowed else {"false"}):
        raise wrong_type(name, "true or false") if allowed else not_among(name, value, "false")
    return value == "true"
