"""Asks a part over HTTP whether it is ready."""

import http
import http.client
from collections.abc import Callable

from millstream_embedded.ports import LOOPBACK

_TIMEOUT_SECONDS = 5


def answers_ok(port: int, path: str) -> Callable[[], bool]:
    """Return a question: does `GET path` on this port of the loopback give a 200 now?"""

    def ask() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask
