"""``/metrics``: what Prometheus asks for."""

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST

from millstream_api.access import open_to_all
from millstream_api.services import services

blueprint = Blueprint("metrics", __name__)

_PROXIED = ("Forwarded", "X-Forwarded-For")


@blueprint.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Answer with all metrics of this process, and of those that share them with it.

    They are not for the public: what a proxy passes on is answered 404, as it is when
    MILLSTREAM_METRICS is off.
    """
    parts = services()
    if not parts.settings.metrics or any(name in request.headers for name in _PROXIED):
        abort(404)
    return Response(parts.exposition.text(), content_type=CONTENT_TYPE_LATEST)
