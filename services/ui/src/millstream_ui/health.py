"""`/healthz` says that this process serves; `/readyz` that a reader can also reach the API."""

import httpx
from flask import Flask, Response, jsonify

_READY_TIMEOUT_SECONDS = 2.0


def add_health(server: Flask, api_url: str) -> None:
    """Add both routes to ``server``."""

    def healthz() -> Response:
        return jsonify({"status": "ok"})

    def readyz() -> tuple[Response, int]:
        reason = _unready_reason(api_url)
        if reason is None:
            return jsonify({"status": "ready"}), 200
        return jsonify({"status": "not ready", "api": reason}), 503

    # Dash answers every other path with the page, so these must be rules of their own.
    server.add_url_rule("/healthz", "healthz", healthz)
    server.add_url_rule("/readyz", "readyz", readyz)


def _unready_reason(api_url: str) -> str | None:
    try:
        answer = httpx.get(f"{api_url}/readyz", timeout=_READY_TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        return type(error).__name__
    return None if answer.is_success else f"status {answer.status_code}"
