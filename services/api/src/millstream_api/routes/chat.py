"""``/v1/chat/completions`` and ``/v1/models``: adapters over the path of ``/v1/responses``."""

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from millstream_api.chatting import new_response, read_completion
from millstream_api.completions import CompletionStream, completion, failure
from millstream_api.errors import ApiError
from millstream_api.identity import current_owner
from millstream_api.leaving import stopping_when_left
from millstream_api.server_sent import begun_view, viewer_stream
from millstream_api.services import services
from millstream_api.staying import wait_for_end
from millstream_contract.ledger.rows import ResponseRow

blueprint = Blueprint("chat", __name__, url_prefix="/v1")

_MADE_AT: Final = 0
"""When a model was made: serving endpoints do not say."""


@blueprint.post("/chat/completions")
def create() -> Response:
    """Accept a question; answer with the completion, or (``stream``) with its chunks."""
    parts, owner = services(), current_owner()
    asked = read_completion(request.get_data(), parts.settings)
    key = request.headers.get("Idempotency-Key")
    new = new_response(asked, owner, key, parts.settings)
    with parts.seats.one() as seat:
        accepted = parts.acceptor.accept(new)
        row = accepted.row
        if asked.stream:
            view = begun_view(
                row,
                on_close=stopping_when_left(parts.canceller, accepted),
                translate=CompletionStream(row, with_usage=asked.wants_usage),
            )
            return viewer_stream(parts.streamer, view, seat)
        wait_for_end(parts, accepted)
    return _whole(row.id, owner)


@blueprint.get("/models")
def models() -> Response:
    """List the models that a request may name, the default first."""
    names = services().settings.models
    return jsonify({"object": "list", "data": [_model(name) for name in names]})


@blueprint.get("/models/<path:name>")
def model(name: str) -> Response:
    """Answer with one model."""
    names = services().settings.models
    if name not in names:
        message = f"There is no model {name[:80]!r}; there are: {', '.join(names)}."
        raise ApiError(404, message, code="model_not_found", param="model")
    return jsonify(_model(name))


def _whole(response_id: str, owner: str) -> Response:
    responses = services().ledger.responses
    row: ResponseRow = responses.get(response_id, owner)
    error = failure(row)
    if error is None:
        return jsonify(completion(row, responses.output(response_id)))
    answer = jsonify(error)
    answer.status_code = 500
    # The official clients would ask again, and begin another answer each time.
    answer.headers["x-should-retry"] = "false"
    return answer


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _MADE_AT, "owned_by": "millstream"}
