"""``/healthz`` tells that the process serves, ``/readyz`` that what it depends on does."""

from flask import Blueprint, Response, jsonify

from millstream_api.access import open_to_all
from millstream_api.services import services
from millstream_contract.errors import LedgerUnavailable, LogUnavailable

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@open_to_all
def healthz() -> Response:
    """Answer 200 as long as the process does."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
@open_to_all
def readyz() -> Response:
    """Answer 200 when PostgreSQL and Redis answer, else 503 and which of them does not."""
    checks = {"postgresql": _ledger_answers(), "redis": _log_answers()}
    response = jsonify(
        {
            "status": "ready" if all(checks.values()) else "unready",
            "checks": {name: "ok" if well else "away" for name, well in checks.items()},
        }
    )
    response.status_code = 200 if all(checks.values()) else 503
    return response


def _ledger_answers() -> bool:
    try:
        services().ledger.ping()
    except LedgerUnavailable:
        return False
    return True


def _log_answers() -> bool:
    try:
        services().log.ping()
    except LogUnavailable:
        return False
    return True
