"""Where a Lakebase database is now, and a password that opens it now."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from psycopg.conninfo import make_conninfo

from millstream_contract.lakebase.address import LakebaseAddress
from millstream_contract.lakebase.errors import LakebaseUnavailable
from millstream_contract.lakebase.workspace import Workspace

_TOKEN_SECONDS: Final = 900.0
"""A token lives an hour, and counts at login only; renewed long before that."""

_READ_WRITE: Final = "READ_WRITE"


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    user: str
    endpoint: str | None


class LakebaseConninfo:
    """Gives libpq's connection string for each new connection; for several threads.

    The host and the role are asked for once, tokens as often as needed.
    """

    def __init__(
        self,
        address: LakebaseAddress,
        workspace: Workspace,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look into ``workspace`` for ``address``, when first asked."""
        self._address = address
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._token = ""
        self._renew_at = 0.0

    def __call__(self) -> str:
        """Return the connection string of this moment. Raises LakebaseUnavailable."""
        with self._lock:
            if self._server is None:
                self._server = self._find()
            if self._clock() >= self._renew_at:
                self._token = self._mint(self._server)
                self._renew_at = self._clock() + _TOKEN_SECONDS
            return make_conninfo(
                host=self._server.host,
                port=self._address.port,
                dbname=self._address.database,
                user=self._server.user,
                password=self._token,
                sslmode=self._address.sslmode,
                sslrootcert=self._address.sslrootcert,
            )

    def _find(self) -> _Server:
        user = self._address.user or self._own_name()
        if self._address.instance is not None:
            path = f"/api/2.0/database/instances/{quote(self._address.instance, safe='')}"
            found = self._workspace.call("GET", path)
            return _Server(_text(found, "read_write_dns"), user, None)
        branch = f"projects/{self._address.project}/branches/{self._address.branch}"
        found = self._workspace.call("GET", f"/api/2.0/postgres/{quote(branch)}/endpoints")
        for endpoint in found.get("endpoints", []):
            status = endpoint.get("status", {})
            if _READ_WRITE in str(status.get("endpoint_type", "")):
                return _Server(_text(status.get("hosts", {}), "host"), user, endpoint.get("name"))
        raise LakebaseUnavailable(f"{branch} has no endpoint to write to")

    def _own_name(self) -> str:
        login = self._workspace.login
        if login.client_id and not login.token:
            return login.client_id
        return _text(self._workspace.call("GET", "/api/2.0/preview/scim/v2/Me"), "userName")

    def _mint(self, server: _Server) -> str:
        if server.endpoint is None:
            path = "/api/2.0/database/credentials"
            body: dict[str, Any] = {
                "request_id": str(uuid.uuid4()),
                "instance_names": [self._address.instance],
            }
        else:
            path, body = "/api/2.0/postgres/credentials", {"endpoint": server.endpoint}
        return _text(self._workspace.call("POST", path, body), "token")


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise LakebaseUnavailable(f"the workspace gave no {name}")
    return value
