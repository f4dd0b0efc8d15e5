"""``/v1/conversations``: the history that the page shows."""

import logging
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from millstream_api.bodies import check_metadata_object, check_text, json_object
from millstream_api.errors import bad_field, not_found
from millstream_api.field_errors import missing, too_long, unsupported, wrong_type
from millstream_api.identity import current_owner
from millstream_api.messages import read_messages
from millstream_api.routes.paging import (
    asked_page,
    check_include,
    item_object,
    listed,
    listed_items,
)
from millstream_api.services import services
from millstream_contract.errors import LogUnavailable, NotFound
from millstream_contract.identifiers import is_id
from millstream_contract.ledger.new_entries import NewMessage
from millstream_contract.ledger.rows import Conversation, Item

logger = logging.getLogger(__name__)

blueprint = Blueprint("conversations", __name__, url_prefix="/v1/conversations")

_MAX_TITLE: Final = 200
_MAX_SOUGHT: Final = 200
_MAX_ADDED: Final = 20


@blueprint.post("")
def create() -> Response:
    """Begin a conversation, with up to 20 messages to start from."""
    body = json_object(request.get_data() or b"{}")
    given = body.pop("items", None)
    messages = [] if given in (None, []) else _read_added(given)
    title, metadata = _read_changes(body)
    ledger = services().ledger
    made = ledger.conversations.create(current_owner(), title or "", metadata or {})
    if messages:
        ledger.items.add(made.id, made.owner, messages)
    return jsonify(_conversation(made))


@blueprint.get("")
def newest() -> Response:
    """List the caller's conversations, newest first (ours: the original API has no listing).

    ``q`` leaves those whose title or one of whose questions has that text, in upper or lower case.
    """
    page = asked_page()
    sought = request.args.get("q", "").strip()
    check_text("q", sought)
    if len(sought) > _MAX_SOUGHT:
        raise too_long("q", _MAX_SOUGHT, len(sought))
    try:
        found = services().ledger.conversations.newest(
            current_owner(), after=page.after, limit=page.limit + 1, sought=sought
        )
    except NotFound:
        raise bad_field("after", "after must be the id of one of your conversations.") from None
    return listed([_conversation(one) for one in found], page.limit)


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
    return listed_items(services().ledger.items.of_conversation, conversation_id, current_owner())


@blueprint.post("/<conversation_id>/items")
def add_items(conversation_id: str) -> Response:
    """Add up to 20 messages at the end of a conversation; nothing is answered."""
    _owned(conversation_id)
    check_include()
    body = json_object(request.get_data())
    for field in sorted(body.keys() - {"items"}):
        raise unsupported(field)
    if "items" not in body:
        raise missing("items")
    messages = _read_added(body["items"])
    added = services().ledger.items.add(conversation_id, current_owner(), messages)
    return listed([item_object(one) for one in added], len(added))


@blueprint.get("/<conversation_id>/items/<item_id>")
def retrieve_item(conversation_id: str, item_id: str) -> Response:
    """Answer with one item."""
    check_include()
    return jsonify(item_object(_owned_item(conversation_id, item_id)))


@blueprint.delete("/<conversation_id>/items/<item_id>")
def delete_item(conversation_id: str, item_id: str) -> Response:
    """Take one item out of a conversation, and answer with the conversation."""
    conversation = _owned(conversation_id)
    _owned_item(conversation_id, item_id)
    with suppress(NotFound):
        services().ledger.items.delete(conversation_id, item_id, current_owner())
    return jsonify(_conversation(conversation))


def _owned(conversation_id: str) -> Conversation:
    if is_id(conversation_id, "conv"):
        with suppress(NotFound):
            return services().ledger.conversations.get(conversation_id, current_owner())
    raise not_found("conversation", conversation_id)


def _owned_item(conversation_id: str, item_id: str) -> Item:
    _owned(conversation_id)
    if is_id(item_id, "msg") or is_id(item_id, "fs"):
        with suppress(NotFound):
            return services().ledger.items.get(conversation_id, item_id, current_owner())
    raise not_found("item", item_id)


def _read_added(given: object) -> list[NewMessage]:
    return [message for _, message in read_messages("items", given, most=_MAX_ADDED)]


def _read_changes(body: dict[str, Any]) -> tuple[str | None, dict[str, str] | None]:
    for field in sorted(body.keys() - {"metadata", "title"}):
        raise unsupported(field)
    metadata = body.get("metadata")
    title = body.get("title")
    if title is not None and not isinstance(title, str):
        raise wrong_type("title", "a string")
    if title is not None and len(title) > _MAX_TITLE:
        raise too_long("title", _MAX_TITLE, len(title))
    check_text("title", title)
    return title, None if metadata is None else check_metadata_object(metadata)


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
