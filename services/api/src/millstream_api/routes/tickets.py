"""``/v1/responses/{id}/ticket``: for a browser's EventSource, which cannot send a header."""

from flask import Blueprint, Response, jsonify

from millstream_api.identity import current_owner
from millstream_api.routes.responses import owned_outline
from millstream_api.services import services

blueprint = Blueprint("tickets", __name__, url_prefix="/v1/responses")


@blueprint.post("/<response_id>/ticket")
def issue(response_id: str) -> Response:
    """Answer with a ticket that opens the stream of this response, for a short time."""
    owned_outline(response_id, current_owner())
    ticket, expires_at = services().gate.tickets.issue(response_id, current_owner())
    response = jsonify({"object": "millstream.ticket", "ticket": ticket, "expires_at": expires_at})
    response.headers["Cache-Control"] = "no-store"
    return response
