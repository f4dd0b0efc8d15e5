"""The operations that need no login: probes, metrics, and the document itself."""

from scripts.openapi.operation import NUMBERED
from scripts.openapi.schemas import Schema, ref


def open_operations() -> dict[tuple[str, str], Schema]:
    """Return the operations that need no login, as OpenAPI has them."""
    failed = {"$ref": "#/components/responses/ServerError"}
    text = {
        "description": "All metrics.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    draining = {"$ref": "#/components/responses/Unavailable"}
    document = {
        "description": "This document.",
        "headers": NUMBERED,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    return {
        ("get", "/healthz"): _open(
            "health", "Whether the process serves", {"200": _json("Health")}
        ),
        ("get", "/readyz"): _open(
            "readiness",
            "Whether what it depends on answers",
            {"200": _json("Readiness"), "503": _json("Readiness", "Error")},
        ),
        ("get", "/metrics"): _open(
            "metrics",
            "Metrics for Prometheus; what a proxy passes on gets 404",
            {
                "200": text,
                "403": {"$ref": "#/components/responses/Forbidden"},
                "404": {"$ref": "#/components/responses/NotFound"},
                "500": failed,
                "503": draining,
            },
        ),
        ("get", "/openapi.json"): _open(
            "contract", "This document", {"200": document, "500": failed, "503": draining}
        ),
    }


def _open(name: str, summary: str, responses: Schema) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["operating"],
        "security": [],
        "responses": responses,
    }


def _json(*names: str) -> Schema:
    schema = ref(names[0]) if len(names) == 1 else {"anyOf": [ref(name) for name in names]}
    content = {"application/json": {"schema": schema}}
    return {"description": names[0], "headers": NUMBERED, "content": content}
