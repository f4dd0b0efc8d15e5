"""A Databricks workspace, as much of it as leads into a Lakebase database, over real HTTP.

The tokens it mints open the database for real: it sets each as the role's password, which the
server demands of that role.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import psycopg
from psycopg import sql

from tests.harness.serving import serving

CLIENT_ID = "5e0c7a50-0000-4000-8000-00000000c1d0"
CLIENT_SECRET = "dose-secret-of-the-test"
PERSON = "someone@example.com"
PERSONS_TOKEN = "dapi-token-of-the-test"
INSTANCE = "millstream"
ENDPOINT = "projects/mill/branches/main/endpoints/primary"


class StubWorkspace:
    """What was asked, and what is valid now."""

    def __init__(self, database_url: str, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.logins = 0
        self.minted = 0
        self.is_away = False
        self._database_url = database_url
        self._valid = {PERSONS_TOKEN}

    def revoke(self) -> None:
        """Forget every login; the next call with one gets 401."""
        self._valid = {PERSONS_TOKEN}

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def answer(self, path: str, proof: str, body: str) -> tuple[int, dict[str, Any]]:
        if self.is_away:
            return 503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"}
        if path == "/oidc/v1/token":
            self.asked.append((path, {name: one[0] for name, one in parse_qs(body).items()}))
            return self._log_in(proof)
        self.asked.append((path, json.loads(body or "{}")))
        if proof.removeprefix("Bearer ") not in self._valid:
            return 401, {"error_code": "UNAUTHENTICATED", "message": "no such token"}
        return self._known(path)

    def _log_in(self, proof: str) -> tuple[int, dict[str, Any]]:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if proof != f"Basic {pair}":
            return 401, {"error": "invalid_client", "error_description": "wrong secret"}
        self.logins += 1
        token = f"oauth-{self.logins}"
        self._valid.add(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _known(self, path: str) -> tuple[int, dict[str, Any]]:
        if path in ("/api/2.0/database/credentials", "/api/2.0/postgres/credentials"):
            return 200, {"token": self._mint()}
        found: dict[str, dict[str, Any]] = {
            "/api/2.0/preview/scim/v2/Me": {"userName": PERSON},
            f"/api/2.0/database/instances/{INSTANCE}": {"read_write_dns": "127.0.0.1"},
            "/api/2.0/postgres/projects/mill/branches/main/endpoints": {
                "endpoints": [
                    _endpoint("read", "ENDPOINT_TYPE_READ_ONLY", "192.0.2.1"),
                    _endpoint("primary", "ENDPOINT_TYPE_READ_WRITE", "127.0.0.1"),
                ]
            },
        }
        if path in found:
            return 200, found[path]
        return 404, {"error_code": "NOT_FOUND", "message": "no such instance"}

    def _mint(self) -> str:
        self.minted += 1
        token = f"minted-{self.minted}"
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            for role in (CLIENT_ID, PERSON):
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(token)))
        return token


def _endpoint(name: str, kind: str, host: str) -> dict[str, Any]:
    full = f"projects/mill/branches/main/endpoints/{name}"
    return {"name": full, "status": {"endpoint_type": kind, "hosts": {"host": host}}}


@contextmanager
def stub_workspace(database_url: str) -> Iterator[StubWorkspace]:
    """Serve one, with roles of that database that enter by its tokens only."""
    _demand_passwords(database_url)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    stub = server.stub = StubWorkspace(database_url, server)  # type: ignore[attr-defined]
    with serving(server):
        yield stub


class _Handler(BaseHTTPRequestHandler):
    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        stub: StubWorkspace = self.server.stub  # type: ignore[attr-defined]
        status, found = stub.answer(self.path, self.headers.get("Authorization", ""), body)
        reply = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_POST = _do  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _demand_passwords(database_url: str) -> None:
    """Make the roles; the test server trusts everybody else."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for role in (CLIENT_ID, PERSON):
            if not connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
            ).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} SUPERUSER LOGIN").format(sql.Identifier(role))
                )
        (file,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        (rules,) = connection.execute("SELECT pg_read_file(%s)", [file]).fetchone() or ("",)
        ours = "".join(f'host all "{one}" all scram-sha-256\n' for one in (CLIENT_ID, PERSON))
        if ours not in rules:
            lines = sql.Literal(ours + rules)
            connection.execute(
                sql.SQL("COPY (SELECT unnest(string_to_array({}, E'\\n'))) TO {}").format(
                    lines, sql.Literal(file)
                )
            )
            _reload(connection)


def _reload(connection: psycopg.Connection[Any]) -> None:
    """Return when the server goes by its new rules: it tells its children after itself."""
    loaded = "SELECT pg_conf_load_time()"
    before = connection.execute(loaded).fetchone()
    connection.execute("SELECT pg_reload_conf()")
    while connection.execute(loaded).fetchone() == before:
        connection.execute("SELECT pg_sleep(0.01)")
