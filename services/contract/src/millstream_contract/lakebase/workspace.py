"""A Databricks workspace's REST interface: as much of it as it takes to enter a database."""

import base64
import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from millstream_contract.lakebase.errors import LakebaseUnavailable

_TIMEOUT_SECONDS: Final = 5.0
_MARGIN_SECONDS: Final = 60.0
_MOST_BYTES: Final = 1_000_000
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class WorkspaceLogin:
    """Where the workspace is, and who logs in: a service principal, or the owner of a token."""

    host: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read the Databricks SDK's variables. Raises ValueError, naming what is missing.

        A token counts more than a service principal, as in the worker.
        """
        host = environment.get("DATABRICKS_HOST", "").rstrip("/")
        if host and "://" not in host:
            host = f"https://{host}"
        login = cls(
            host,
            environment.get("DATABRICKS_CLIENT_ID", ""),
            environment.get("DATABRICKS_CLIENT_SECRET", ""),
            environment.get("DATABRICKS_TOKEN", ""),
        )
        if not host or not (login.token or (login.client_id and login.client_secret)):
            raise ValueError(
                "lakebase: needs DATABRICKS_HOST, and DATABRICKS_CLIENT_ID with"
                " DATABRICKS_CLIENT_SECRET, or DATABRICKS_TOKEN"
            )
        return login


class Workspace:
    """Calls the workspace, and logs in when it must. For several threads."""

    def __init__(
        self, login: WorkspaceLogin, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Call as ``login``; nothing is sent before the first call."""
        self.login = login
        self._clock = clock
        self._lock = threading.Lock()
        self._token = login.token
        self._renew_at = float("inf") if login.token else 0.0

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the reply's JSON object. Raises LakebaseUnavailable, never with a secret."""
        text = None if body is None else json.dumps(body)
        kind = "application/json"
        status, reply = self._send(method, path, text, kind, f"Bearer {self._bearer()}")
        if status == _UNAUTHORIZED and not self.login.token:
            # Revoked before its time: log in again, once.
            self._renew_at = 0.0
            status, reply = self._send(method, path, text, kind, f"Bearer {self._bearer()}")
        return _checked(method, path, status, reply)

    def _bearer(self) -> str:
        with self._lock:
            if self._clock() >= self._renew_at:
                reply = self._log_in()
                self._token = str(reply.get("access_token", ""))
                lives = float(reply.get("expires_in", 0))
                self._renew_at = self._clock() + max(lives - _MARGIN_SECONDS, lives / 2)
            return self._token

    def _log_in(self) -> dict[str, Any]:
        path = "/oidc/v1/token"
        pair = f"{self.login.client_id}:{self.login.client_secret}".encode()
        proof = f"Basic {base64.b64encode(pair).decode()}"
        text = urlencode({"grant_type": "client_credentials", "scope": "all-apis"})
        kind = "application/x-www-form-urlencoded"
        return _checked("POST", path, *self._send("POST", path, text, kind, proof))

    def _send(
        self, method: str, path: str, text: str | None, kind: str, proof: str
    ) -> tuple[int, bytes]:
        parts = urlsplit(self.login.host)
        secure = parts.scheme == "https"
        open_connection = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = open_connection(parts.netloc, timeout=_TIMEOUT_SECONDS)
        headers = {"Authorization": proof, "Content-Type": kind, "Accept": "application/json"}
        try:
            connection.request(method, parts.path + path, text, headers)
            reply = connection.getresponse()
            return reply.status, reply.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise LakebaseUnavailable(f"{method} {path}: {type(error).__name__}") from error
        finally:
            connection.close()


def _checked(method: str, path: str, status: int, reply: bytes) -> dict[str, Any]:
    try:
        found = json.loads(reply)
    except ValueError:
        found = None
    if status >= http.client.BAD_REQUEST:
        said = found.get("error_code") or found.get("error") if isinstance(found, dict) else ""
        raise LakebaseUnavailable(f"{method} {path}: status {status} {said or ''}".rstrip())
    if not isinstance(found, dict):
        raise LakebaseUnavailable(f"{method} {path}: the reply is no JSON object")
    return found
