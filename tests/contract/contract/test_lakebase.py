"""A Lakebase database is found by name and entered by minted tokens, as Databricks has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from millstream_contract.errors import LedgerUnavailable
from millstream_contract.lakebase import (
    LakebaseAddress,
    LakebaseConninfo,
    Workspace,
    WorkspaceLogin,
)
from millstream_contract.ledger.migration import migrate, migration_names
from millstream_contract.ledger.pool import ledger_connection, open_pool
from tests.contract.contract import stub_workspace as stub_parts
from tests.contract.contract.stub_workspace import StubWorkspace, stub_workspace
from tests.harness.deadlines import scaled

_PRINCIPAL = WorkspaceLogin("", stub_parts.CLIENT_ID, stub_parts.CLIENT_SECRET)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def workspace(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubWorkspace]:
    with stub_workspace(empty_database_url) as stub:
        monkeypatch.setenv("DATABRICKS_HOST", stub.url)
        monkeypatch.setenv("DATABRICKS_CLIENT_ID", stub_parts.CLIENT_ID)
        monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", stub_parts.CLIENT_SECRET)
        monkeypatch.delenv("DATABRICKS_TOKEN", raising=False)
        yield stub


@pytest.fixture
def of_instance(empty_database_url: str) -> str:
    return _url(empty_database_url, f"instance={stub_parts.INSTANCE}")


def _url(database_url: str, which: str) -> str:
    parts = urlsplit(database_url)
    return f"lakebase://{parts.path}?{which}&sslmode=disable&port={parts.port}"


def _who(url: str) -> str:
    with open_pool(url, size=1, wait_seconds=scaled(30)) as pool:
        with ledger_connection(pool) as connection:
            row = connection.execute("SELECT current_user AS name").fetchone()
    return str(row and row["name"])


def _conninfo(stub: StubWorkspace, clock: Clock) -> LakebaseConninfo:
    login = WorkspaceLogin(stub.url, stub_parts.CLIENT_ID, stub_parts.CLIENT_SECRET)
    address = LakebaseAddress("ledger", instance=stub_parts.INSTANCE)
    return LakebaseConninfo(address, Workspace(login, clock=clock), clock=clock)


def test_a_service_principal_enters_an_instance(workspace: StubWorkspace, of_instance: str) -> None:
    assert _who(of_instance) == stub_parts.CLIENT_ID

    path, body = workspace.asked[-1]
    assert path == "/api/2.0/database/credentials"
    assert body["instance_names"] == [stub_parts.INSTANCE]
    assert body["request_id"]
    assert workspace.asked[0] == (
        "/oidc/v1/token",
        {"grant_type": "client_credentials", "scope": "all-apis"},
    )


def test_a_branch_is_entered_where_it_can_be_written_to(
    workspace: StubWorkspace, empty_database_url: str
) -> None:
    assert _who(_url(empty_database_url, "project=mill&branch=main")) == stub_parts.CLIENT_ID

    assert workspace.asked[-1] == (
        "/api/2.0/postgres/credentials",
        {"endpoint": stub_parts.ENDPOINT},
    )


def test_who_has_a_token_enters_under_their_own_name(
    workspace: StubWorkspace, of_instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", stub_parts.PERSONS_TOKEN)

    assert _who(of_instance) == stub_parts.PERSON
    assert workspace.logins == 0


def test_the_schema_is_migrated_there(workspace: StubWorkspace, of_instance: str) -> None:
    assert migrate(of_instance) == migration_names()
    assert workspace.minted == 1


def test_who_is_to_be_trusted_is_told_to_libpq(workspace: StubWorkspace) -> None:
    login = WorkspaceLogin(workspace.url, stub_parts.CLIENT_ID, stub_parts.CLIENT_SECRET)
    url = f"lakebase:///ledger?instance={stub_parts.INSTANCE}"
    checked = LakebaseAddress.parse(f"{url}&sslmode=verify-full&sslrootcert=/etc/ssl/cas.pem")

    told = conninfo_to_dict(LakebaseConninfo(checked, Workspace(login))())
    by_default = conninfo_to_dict(LakebaseConninfo(LakebaseAddress.parse(url), Workspace(login))())

    assert (told["sslmode"], told["sslrootcert"]) == ("verify-full", "/etc/ssl/cas.pem")
    assert by_default["sslmode"] == "require"
    assert "sslrootcert" not in by_default


def test_a_token_serves_many_connections_and_is_renewed_long_before_its_end(
    workspace: StubWorkspace,
) -> None:
    clock = Clock()
    conninfo = _conninfo(workspace, clock)

    passwords = [conninfo_to_dict(conninfo())["password"] for _ in range(3)]
    clock.now += 901
    passwords.append(conninfo_to_dict(conninfo())["password"])

    assert passwords == ["minted-1", "minted-1", "minted-1", "minted-2"]
    assert workspace.logins == 1
    assert workspace.paths().count(f"/api/2.0/database/instances/{stub_parts.INSTANCE}") == 1


def test_the_login_is_renewed_before_its_end(workspace: StubWorkspace) -> None:
    clock = Clock()
    conninfo = _conninfo(workspace, clock)
    conninfo()

    clock.now += 3600 - 59
    conninfo()

    assert (workspace.logins, workspace.minted) == (2, 2)


def test_a_login_that_was_revoked_is_made_again(workspace: StubWorkspace) -> None:
    clock = Clock()
    conninfo = _conninfo(workspace, clock)
    conninfo()

    workspace.revoke()
    clock.now += 901
    conninfo()

    assert (workspace.logins, workspace.minted) == (2, 2)


def test_a_workspace_that_is_away_is_a_ledger_that_is_away_until_it_is_back(
    workspace: StubWorkspace, of_instance: str
) -> None:
    workspace.is_away = True
    with open_pool(of_instance, size=1, wait_seconds=0.5) as pool:
        with pytest.raises(LedgerUnavailable):
            with ledger_connection(pool):
                pass

        workspace.is_away = False

        with ledger_connection(pool, wait_seconds=30) as connection:
            assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}


@pytest.mark.parametrize(
    ("login", "address", "said"),
    [
        (_PRINCIPAL, LakebaseAddress("x", instance="other"), "status 404 NOT_FOUND"),
        (
            WorkspaceLogin("", stub_parts.CLIENT_ID, "wrong-secret"),
            LakebaseAddress("x", instance="millstream"),
            "status 401 invalid_client",
        ),
        (
            WorkspaceLogin("", token="wrong-token"),
            LakebaseAddress("x", instance="millstream", user="me"),
            "status 401 UNAUTHENTICATED",
        ),
        (
            _PRINCIPAL,
            LakebaseAddress("x", project="mill", branch="other"),
            "status 404 NOT_FOUND",
        ),
    ],
)
def test_what_goes_wrong_is_said_without_a_secret(
    workspace: StubWorkspace, login: WorkspaceLogin, address: LakebaseAddress, said: str
) -> None:
    at_stub = WorkspaceLogin(workspace.url, login.client_id, login.client_secret, login.token)

    with pytest.raises(psycopg.OperationalError, match=said) as caught:
        LakebaseConninfo(address, Workspace(at_stub))()

    told = f"{caught.value} {at_stub}"
    assert not any(secret in told for secret in ("wrong-secret", "wrong-token", "dose-secret"))
