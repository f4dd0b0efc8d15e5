"""The edges of every answer and every body: headers that keep browsers careful, and types."""

from functools import partial
from io import BytesIO
from typing import Final

import gevent
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from millstream_api.errors import ApiError

# The API shows no pages: whatever a browser makes of an answer, it may run and load nothing.
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def keep_edges(app: Flask, *, body_seconds: float) -> None:
    """Check the types and codings of bodies that come, and set the headers of what goes out.

    body_seconds: how long a body may take to come. Then it is there, for whoever reads it.
    """
    app.before_request(_only_json)
    app.before_request(partial(_read_in_time, body_seconds))
    app.after_request(_careful)


def _only_json() -> None:
    if request.routing_exception is not None or not _has_body():
        return
    # Without a type it is taken for JSON, as many small clients leave it out.
    if request.mimetype not in {"", "application/json"}:
        message = "Content-Type must be application/json."
        raise ApiError(415, message, code="unsupported_media_type", param="Content-Type")
    # A few bytes may unpack to any number of them: what comes is taken as it is, or not at all.
    coding = request.headers.get("Content-Encoding", "").strip()
    if coding.lower() not in {"", "identity"}:
        message = "Content-Encoding must be identity, or left out: bodies come as plain JSON."
        raise ApiError(
            415,
            message,
            code="unsupported_content_encoding",
            param="Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )


def _read_in_time(seconds: float) -> None:
    patience = gevent.Timeout(seconds)
    try:
        with patience:
            _read_bounded()
    except gevent.Timeout as timeout:
        if timeout is not patience:
            raise
        message = f"The body did not come within {seconds:g} seconds."
        raise ApiError(408, message, code="body_timeout", param="body") from None


def _read_bounded() -> None:
    # A body without a length is otherwise cut off at the limit, without a word.
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        body = request.environ["wsgi.input"].read(limit + 1)
        if len(body) > limit:
            raise RequestEntityTooLarge
        request.environ["wsgi.input"] = BytesIO(body)
    if _has_body() and request.routing_exception is None:
        request.get_data()


def _has_body() -> bool:
    if request.method not in {"POST", "PUT", "PATCH"}:
        return False
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _careful(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    # An answer is one user's, and of this moment.
    response.headers.setdefault("Cache-Control", "no-store")
    return response
