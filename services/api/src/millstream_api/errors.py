"""Errors as the API tells them: in the shape of OpenAI's, naming the field and what is allowed."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, current_app, jsonify
from werkzeug.exceptions import HTTPException

from millstream_contract.errors import (
    ContractError,
    ConversationBusy,
    KeyReused,
    NotEnded,
    NotFound,
    NotInConversation,
    NotTheLast,
    TooManyOpen,
)
from millstream_contract.log_lines import without_words

logger = logging.getLogger(__name__)

_KINDS: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """An answer other than 2xx. ``param`` names the field that is wrong."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        retry_after_seconds: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Make an error; ``message`` is for whoever sent the request."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.headers = dict(headers or {})
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        kind = _KINDS.get(self.status, "invalid_request_error")
        return {
            "error": {
                "message": self.message,
                "type": "server_error" if self.status >= 500 else kind,
                "param": self.param,
                "code": self.code,
            }
        }


def bad_field(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """Return the error for a field that is not as it must be."""
    return ApiError(400, message, code=code, param=param)


def not_found(kind: str, identifier: str) -> ApiError:
    """Return the error for an object that is not there, or not this caller's."""
    shown = identifier if len(identifier) <= 80 else identifier[:80] + "…"
    return ApiError(404, f"There is no {kind} {shown!r}.", code="not_found", param="id")


def crashed() -> ApiError:
    """Return the error for what should not happen."""
    return ApiError(500, "The server made a mistake.", code="internal_error")


def as_api_error(error: ContractError) -> ApiError:
    """Return what a client is told of an error of the contract."""
    match error:
        case NotFound():
            return not_found("object", str(error.args[0]) if error.args else "")
        case ConversationBusy():
            message = (
                f"{error.args[0]} of this conversation is still being answered: wait for its end, "
                "or ask with millstream.when_busy enqueue or interrupt."
            )
            return ApiError(409, message, code="conversation_busy", param="conversation")
        case TooManyOpen():
            message = f"{error.args[0]} of your answers are unfinished; wait for one, or stop one."
            return ApiError(429, message, code="too_many_open", retry_after_seconds=5)
        case KeyReused():
            message = "This Idempotency-Key was used for a request with other contents."
            return ApiError(409, message, code="idempotency_key_reused", param="Idempotency-Key")
        case NotInConversation():
            message = "replaces must be a response of this conversation."
            return bad_field("millstream.replaces", message)
        case NotTheLast():
            message = "replaces must be the last response of its conversation."
            param = "millstream.replaces"
            return ApiError(409, message, code="not_the_last_response", param=param)
        case NotEnded():
            param = "previous_response_id"
            message = f"{param} is still being answered; wait for its end, or cancel it."
            return ApiError(409, message, code="previous_response_not_ended", param=param)
    if not error.retryable:
        logger.error("answered 500: %s", error)
        return crashed()
    logger.warning("answered 503: %s", error)
    # What was stored is not known if it went away in the middle: an Idempotency-Key makes the
    # repeat harmless.
    message = "A server behind the API is away; try again."
    return ApiError(503, message, code="unavailable", retry_after_seconds=2)


def install_error_handlers(app: Flask) -> None:
    """Make every error that leaves the app take the one shape."""
    app.register_error_handler(ApiError, error_response)
    app.register_error_handler(ContractError, _contract_error)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _crash)


def error_response(error: ApiError) -> Response:
    """Return the error as a response."""
    response = jsonify(error.body())
    response.status_code = error.status
    response.headers.update(error.headers)
    return response


def _contract_error(error: ContractError) -> Response:
    return error_response(as_api_error(error))


def _http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 413:
        message = f"The body may have up to {current_app.config['MAX_CONTENT_LENGTH']} bytes."
        return error_response(ApiError(413, message, code="body_too_large", param="body"))
    message = error.description or error.name
    response = error_response(ApiError(status, message, code=error.name.lower().replace(" ", "_")))
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _crash(error: Exception) -> Response:
    # Where and what, but not its words: they may quote what was asked, or a document.
    logger.error("a request crashed: %s", without_words(error))
    return error_response(crashed())
