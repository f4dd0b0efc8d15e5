"""Counts and times the requests of an app."""

import time

from flask import Flask, Response, g, request

from millstream_api.observing.metrics import ApiMetrics


def observe_requests(app: Flask, metrics: ApiMetrics) -> None:
    """Count every answer of ``app``, and time it up to its head (a stream's body takes longer)."""

    def begin() -> None:
        g.begun = time.perf_counter()

    def end(response: Response) -> Response:
        # The route, not the path: an id in a label would be a series of its own for ever.
        route = request.url_rule.rule if request.url_rule else "(none)"
        metrics.http_requests.labels(route, _method(), str(response.status_code)).inc()
        if "begun" in g:
            metrics.http_seconds.labels(route).observe(time.perf_counter() - g.begun)
        return response

    app.before_request(begin)
    app.after_request(end)


def _method() -> str:
    # Anybody may send any word as a method.
    return request.method if request.method in _METHODS else "(other)"


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
