"""``/v1/responses/{id}/feedback``: what the owner of an answer thinks of it (ours)."""

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from millstream_api.bodies import check_text, json_object
from millstream_api.errors import bad_field
from millstream_api.field_errors import missing, not_among, too_long, unsupported, wrong_type
from millstream_api.identity import current_owner
from millstream_api.routes.responses import owned_outline
from millstream_api.services import services
from millstream_contract.jobs import FeedbackJob
from millstream_contract.objects import Rating

blueprint = Blueprint("feedback", __name__, url_prefix="/v1/responses")

_MAX_COMMENT: Final = 2000


@blueprint.post("/<response_id>/feedback")
def give(response_id: str) -> Response:
    """Store an opinion in place of an earlier one; a rating of null takes it back."""
    owner = current_owner()
    owned_outline(response_id, owner)
    rating, comment = _read(json_object(request.get_data()))
    if rating is None:
        services().ledger.feedback.withdraw(response_id, owner)
    else:
        services().ledger.feedback.give(response_id, owner, rating, comment)
    services().queue.send(FeedbackJob(response_id))
    return jsonify(
        {
            "object": "millstream.feedback",
            "response_id": response_id,
            "rating": rating,
            "comment": comment,
        }
    )


def _read(body: dict[str, Any]) -> tuple[Rating | None, str | None]:
    for field in sorted(body.keys() - {"rating", "comment"}):
        raise unsupported(field)
    return _rating(body), _comment(body)


def _rating(body: dict[str, Any]) -> Rating | None:
    if "rating" not in body:
        raise missing("rating")
    match body["rating"]:
        case "up" | "down" | None as rating:
            return rating
    raise not_among("rating", body["rating"], "'up', 'down' or null")


def _comment(body: dict[str, Any]) -> str | None:
    comment = body.get("comment")
    if comment is None:
        return None
    if body["rating"] is None:
        raise bad_field("comment", "comment needs a rating: with null all feedback is taken back.")
    if not isinstance(comment, str):
        raise wrong_type("comment", "a string")
    if len(comment) > _MAX_COMMENT:
        raise too_long("comment", _MAX_COMMENT, len(comment))
    check_text("comment", comment)
    return comment.strip() or None
