"""Keeps strange web pages out: a browser lets any page that its user opens send requests here.

CORS only hides the answers from such a page; it does not keep a simple POST or a WebSocket from
being acted on. Two checks do: of ``Origin``, and of ``Host`` (a page's own name can be made to
resolve to this address, and then the page counts as of our origin).
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from flask import request

from millstream_api.access.gate import is_open_to_all
from millstream_api.errors import ApiError

ANY: Final = "*"

_METRICS: Final = "metrics.metrics"


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in.

    origins: of pages, such as ``http://localhost:8050``. hosts: names by which the API may be
    called; localhost and addresses need not be among them, for nobody can take those over.
    """

    origins: frozenset[str]
    hosts: frozenset[str]

    def check(self) -> None:
        """Raise ApiError (403) unless the current request may come in."""
        # A probe may call by any name; but a page must not read how busy this API is.
        if is_open_to_all(request.endpoint) and request.endpoint != _METRICS:
            return
        host = request.headers.get("Host", "").lower()
        if not self._is_ours(host):
            message = "Host is not a name of this API; MILLSTREAM_ALLOWED_HOSTS names more."
            raise ApiError(403, message, code="host_not_allowed", param="Host")
        origin = request.headers.get("Origin")
        if origin is not None and not self._may_call(origin.lower(), host):
            message = "Pages of this origin may not call; MILLSTREAM_CORS_ORIGINS names those."
            raise ApiError(403, message, code="origin_not_allowed", param="Origin")

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host)
        return (
            ANY in self.hosts
            or name in self.hosts
            or name == "localhost"
            or name.endswith(".localhost")
            or _is_address(name)
        )

    def _may_call(self, origin: str, host: str) -> bool:
        same = origin.partition("://")[2] == host
        return same or origin in self.origins or ANY in self.origins


def door(origins: tuple[str, ...], hosts: tuple[str, ...]) -> Door:
    """Return the door for these settings."""
    lower = (frozenset(one.lower() for one in some) for some in (origins, hosts))
    return Door(*lower)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
