"""Writes the OpenAPI document: specs/008-responses-api/contracts/openapi.yaml, and the same as
JSON into the API's package, which serves it.

Schemas come from the types in the code, and operations from scripts/openapi; tests hold the files
to this script, the document to the app's routes, and every live answer to the document.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from scripts.make_stream_contract import Readable
from scripts.openapi.answers import answer_schemas
from scripts.openapi.bodies import body_schemas
from scripts.openapi.conversation_operations import CONVERSATION_OPERATIONS
from scripts.openapi.open_operations import open_operations
from scripts.openapi.operation import ERRORS, NUMBERED
from scripts.openapi.parameters import HEADERS, PARAMETERS
from scripts.openapi.response_operations import RESPONSE_OPERATIONS, STREAM_CONTRACT
from scripts.openapi.schemas import ref
from scripts.openapi.websocket import socket_messages, socket_operation

_ROOT = Path(__file__).parent.parent
FILE = _ROOT / "specs/008-responses-api/contracts/openapi.yaml"
PACKAGED = _ROOT / "services/api/src/millstream_api/openapi.json"

_DESCRIPTION = f"""\
The OpenAI Responses API with background streams, over documents of your own. Clients of the
original work unchanged but for their base URL; what is ours beyond it stands in `millstream`.

Every error has one shape. A field that is not supported is a 400 that names it (`param`); so is a
query parameter that an operation does not know, or that is no list and comes twice. Paths
answer HEAD and OPTIONS too; an unknown path gets 404, a method that a path has not 405, and what is
no HTTP request that can be served 400, 414, 417, 431 or 501: all in the one shape.

Streams are described, frame by frame, by {STREAM_CONTRACT};
here a schema of text/event-stream is that of one frame. `x-websocket` describes the messages of a
socket. Limits are the defaults of their settings.
"""

_ERROR_TEXTS = {
    400: "A field, header or parameter is not as it must be; `param` names it.",
    401: "The login is missing, or proves nothing.",
    403: "The page's origin, or the name that the API was called by, may not call.",
    404: "There is none of this id, or it is another user's.",
    408: "The body did not come within MILLSTREAM_BODY_TIMEOUT_SECONDS.",
    409: "It cannot be done as things stand: a busy conversation, a reused key, not the last.",
    413: "The body is larger than MILLSTREAM_MAX_BODY_BYTES.",
    415: "The body is not plain JSON: `param` names the header that says so. Content-Type may be"
    " application/json, Content-Encoding identity.",
    426: "Sec-WebSocket-Version is not 13.",
    429: "The line is full, or you asked too much at once. Nothing was kept.",
    500: "The server made a mistake, or (chat completions) the answer failed.",
    503: "A server behind the API is away, or this process is ending.",
}

_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "MILLSTREAM_AUTH_MODE=oidc: a token of the OpenID provider; or an API key.",
    },
    "proxy": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Forwarded-User",
        "description": "MILLSTREAM_AUTH_MODE=proxy: set by a trusted reverse proxy alone.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "Opens the stream of one response, for a short time.",
    },
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Millstream",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # {}: in the local mode whoever reaches the API is its one user.
        "security": [{}, {"bearer": []}, {"proxy": []}],
        "paths": _paths(),
        "components": {
            "schemas": dict(sorted(_schemas().items())),
            "responses": {name: _error(status) for status, name in ERRORS.items()},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": _SECURITY,
        },
    }


def yaml_text() -> str:
    """Return the content of the file in specs/."""
    head = "# Made by scripts/make_openapi.py. Do not edit.\n"
    return head + yaml.dump(document(), Dumper=Readable, sort_keys=False, width=100)


def json_text() -> str:
    """Return the content of the file in the package."""
    return json.dumps(document(), indent=1) + "\n"


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    operations = RESPONSE_OPERATIONS | CONVERSATION_OPERATIONS
    described = {key: one.described(key[0]) for key, one in operations.items()}
    for (method, path), operation in (described | open_operations()).items():
        paths.setdefault(path, {})[method] = operation
    paths["/v1/responses"]["get"] = socket_operation()
    return paths


def _schemas() -> dict[str, Any]:
    return {
        **answer_schemas(),
        **body_schemas(),
        "Item": {
            "oneOf": [ref("MessageItem"), ref("FileSearchItem")],
        },
        **socket_messages(),
    }


def _error(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": _ERROR_TEXTS[status],
        "headers": dict(NUMBERED),
        "content": {"application/json": {"schema": ref("Error")}},
    }
    header = {401: ("WWW-Authenticate", "Challenge")}.get(status)
    if status in (429, 503):
        header = ("Retry-After", "RetryAfter")
    if header:
        described["headers"] |= {header[0]: {"$ref": f"#/components/headers/{header[1]}"}}
    return described


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(yaml_text(), encoding="utf-8")
    PACKAGED.write_text(json_text(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n{PACKAGED}\n")
