"""``/v1/conversations``: the history that the page shows."""

import logging
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from millstream_api.asking import check_metadata_object, check_text, json_object
from millstream_api.errors import ApiError, bad_field, not_found
from millstream_api.identity import current_owner
from millstream_api.services import services
from millstream_contract.errors import LogUnavailable, NotFound
from millstream_contract.identifiers import is_id
from millstream_contract.ledger.rows import Conversation, Item

logger = logging.getLogger(__name__)

blueprint = Blueprint("conversations", __name__, url_prefix="/v1/conversations")

_MAX_PAGE: Final = 100
_MAX_TITLE: Final = 200


@blueprint.post("")
def create() -> Response:
    """Begin a conversation."""
    body = json_object(request.get_data() or b"{}")
    title, metadata = _read_changes(body)
    made = services().ledger.conversations.create(current_owner(), title or "", metadata or {})
    return jsonify(_conversation(made))


@blueprint.get("")
def newest() -> Response:
    """List the caller's conversations, newest first (ours: the original API has no listing)."""
    limit, after = _page()
    try:
        found = services().ledger.conversations.newest(
            current_owner(), after=after, limit=limit + 1
        )
    except NotFound:
        raise bad_field("after", "after must be the id of one of your conversations.") from None
    return jsonify(_list([_conversation(one) for one in found], limit))


@blueprint.get("/<conversation_id>")
def retrieve(conversation_id: str) -> Response:
    """Answer with one conversation."""
    return jsonify(_conversation(_owned(conversation_id)))


@blueprint.post("/<conversation_id>")
def update(conversation_id: str) -> Response:
    """Change a conversation's title or metadata."""
    _owned(conversation_id)
    title, metadata = _read_changes(json_object(request.get_data()))
    changed = services().ledger.conversations.update(
        conversation_id, current_owner(), title=title, metadata=metadata
    )
    return jsonify(_conversation(changed))


@blueprint.delete("/<conversation_id>")
def delete(conversation_id: str) -> Response:
    """Delete a conversation with all that was said in it."""
    _owned(conversation_id)
    gone = services().ledger.conversations.delete(conversation_id, current_owner())
    try:
        services().log.forget(gone)
    except LogUnavailable as error:
        logger.warning("%s: its logs end by themselves: %s", conversation_id, error)
    return jsonify({"id": conversation_id, "object": "conversation.deleted", "deleted": True})


@blueprint.get("/<conversation_id>/items")
def items(conversation_id: str) -> Response:
    """List what was said in a conversation, newest first unless ``order=asc``."""
    _owned(conversation_id)
    limit, after = _page()
    order = request.args.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise bad_field("order", "order must be asc or desc.")
    try:
        found = services().ledger.conversations.items(
            conversation_id,
            current_owner(),
            after=after,
            limit=limit + 1,
            newest_first=order == "desc",
        )
    except NotFound:
        raise bad_field("after", "after must be the id of an item of this conversation.") from None
    return jsonify(_list([_item(one) for one in found], limit))


def _owned(conversation_id: str) -> Conversation:
    if is_id(conversation_id, "conv"):
        with suppress(NotFound):
            return services().ledger.conversations.get(conversation_id, current_owner())
    raise not_found("conversation", conversation_id)


def _read_changes(body: dict[str, Any]) -> tuple[str | None, dict[str, str] | None]:
    unknown = sorted(body.keys() - {"metadata", "title"})
    if unknown:
        raise ApiError(
            400, f"{unknown[0]} is not supported.", code="unknown_parameter", param=unknown[0]
        )
    metadata = body.get("metadata")
    title = body.get("title")
    if title is not None and (not isinstance(title, str) or len(title) > _MAX_TITLE):
        raise bad_field("title", f"title must be a string of up to {_MAX_TITLE} characters.")
    check_text("title", title)
    return title, None if metadata is None else check_metadata_object(metadata)


def _page() -> tuple[int, str | None]:
    text = request.args.get("limit", "20")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MAX_PAGE:
        raise bad_field("limit", f"limit must be a whole number from 1 to {_MAX_PAGE}.")
    after = request.args.get("after")
    check_text("after", after)
    return int(text), after


def _list(entries: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    page = entries[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(entries) > limit,
    }


def _conversation(one: Conversation) -> dict[str, Any]:
    last = {"id": one.last_response_id, "status": one.last_response_status}
    return {
        "id": one.id,
        "object": "conversation",
        "created_at": int(one.created_at.timestamp()),
        "metadata": one.metadata,
        "title": one.title,
        "last_response": last if one.last_response_id else None,
    }


def _item(one: Item) -> dict[str, Any]:
    feedback = one.feedback.model_dump() if one.feedback else None
    return {
        **one.body,
        "response_id": one.response_id,
        "millstream": {"feedback": feedback},
    }
