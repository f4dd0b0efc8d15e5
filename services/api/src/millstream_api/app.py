"""The Flask application, put together from services that are running already."""

from flask import Flask, request
from flask_cors import CORS

from millstream_api.edges import keep_edges
from millstream_api.errors import ApiError, install_error_handlers
from millstream_api.handshakes import refuse_bad_handshakes
from millstream_api.observing.http_requests import observe_requests
from millstream_api.query_parameters import check_query_parameters
from millstream_api.request_ids import number_requests
from millstream_api.request_limits import limit_requests
from millstream_api.routes import (
    chat,
    conversations,
    document,
    feedback,
    health,
    metrics,
    responses,
    serving_endpoints,
    tickets,
)
from millstream_api.routes.sockets import sock
from millstream_api.services import Services, services
from millstream_api.strangers import door


def create_app(parts: Services) -> Flask:
    """Return the application that serves ``parts``."""
    app = Flask("millstream_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = parts.settings.max_body_bytes
    # A ping every so often tells apart a client that is silent from one that is gone.
    app.config["SOCK_SERVER_OPTIONS"] = {
        "ping_interval": 20,
        "max_message_size": parts.settings.max_body_bytes,
    }
    parts.install(app)
    number_requests(app)
    observe_requests(app, parts.exposition.metrics)
    app.before_request(door(parts.settings.cors_origins, parts.settings.allowed_hosts).check)
    app.before_request(_refuse_while_draining)
    app.before_request(parts.gate.check)
    limit_requests(app, parts.settings, parts.acceptor.redis)
    check_query_parameters(app)
    keep_edges(app, body_seconds=parts.settings.body_timeout_seconds)
    install_error_handlers(app)
    refuse_bad_handshakes(app)
    CORS(
        app,
        origins=list(parts.settings.cors_origins),
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "Last-Event-ID",
            "X-Request-Id",
            "traceparent",
        ],
        expose_headers=["Retry-After", "WWW-Authenticate", "X-Request-Id"],
        max_age=600,
    )
    add_routes(app)
    return app


def add_routes(app: Flask) -> None:
    """Add every route: behind the gate, but for those marked ``open_to_all``."""
    for part in (
        responses,
        chat,
        serving_endpoints,
        tickets,
        feedback,
        conversations,
        health,
        metrics,
        document,
    ):
        app.register_blueprint(part.blueprint)
    sock.init_app(app)


def _refuse_while_draining() -> None:
    # A kept connection may still carry a request to a process that is about to end.
    if services().hub.draining and request.endpoint != "health.healthz":
        message = "This process is ending; try again, another one will answer."
        raise ApiError(503, message, code="draining", retry_after_seconds=1)
