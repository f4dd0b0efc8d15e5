"""A client stays for the whole answer, in place of its stream."""

from flask import request

from millstream_api.errors import ApiError
from millstream_api.leaving import stopping_if_left_meanwhile
from millstream_api.services import Services
from millstream_contract.ledger.rows import Accepted


def wait_for_end(parts: Services, accepted: Accepted) -> None:
    """Wait until an answer is final; a client that goes away meanwhile stops it.

    Raises ApiError when this process ends before.
    """
    response_id = accepted.row.id
    with stopping_if_left_meanwhile(request.environ, parts.canceller, accepted):
        is_whole = parts.streamer.wait_for_end(response_id)
    if not is_whole:
        message = f"This process is ending. The answer goes on: GET /v1/responses/{response_id}."
        raise ApiError(503, message, code="draining", retry_after_seconds=1)
