"""A WebSocket's handshake that is none is the client's mistake, told like any other."""

from typing import Final

from flask import Flask, Response
from wsproto.events import RejectConnection
from wsproto.utilities import RemoteProtocolError

from millstream_api.errors import ApiError, error_response

_UPGRADE_REQUIRED: Final = 426
_VERSION: Final = "Sec-WebSocket-Version"


def refuse_bad_handshakes(app: Flask) -> None:
    """Answer 400 for a handshake that is not as RFC 6455 has it, 426 for one of another version."""
    app.register_error_handler(RemoteProtocolError, _refuse)


def _refuse(error: RemoteProtocolError) -> Response:
    hint = error.event_hint
    if isinstance(hint, RejectConnection) and hint.status_code == _UPGRADE_REQUIRED:
        message = f"{_VERSION} must be 13."
        code = "unsupported_websocket_version"
        headers = {_VERSION: "13"}
        return error_response(
            ApiError(_UPGRADE_REQUIRED, message, code=code, param=_VERSION, headers=headers)
        )
    message = (
        "A WebSocket begins with a GET that has Connection: Upgrade, Upgrade: websocket, "
        f"a Sec-WebSocket-Key, and {_VERSION}: 13."
    )
    return error_response(ApiError(400, message, code="invalid_handshake"))
