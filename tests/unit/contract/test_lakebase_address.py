"""A Lakebase database's URL says which one it is, or is refused with what is allowed."""

import pytest

from millstream_contract.addresses import checked_database_url
from millstream_contract.lakebase import LakebaseAddress, WorkspaceLogin

_LOGIN = {
    "DATABRICKS_HOST": "https://example.cloud.databricks.com/",
    "DATABRICKS_CLIENT_ID": "id",
    "DATABRICKS_CLIENT_SECRET": "secret",
}


def test_an_instance_and_a_branch_are_told_apart() -> None:
    assert LakebaseAddress.parse("lakebase:///ledger?instance=mill") == LakebaseAddress(
        "ledger", instance="mill"
    )
    assert LakebaseAddress.parse("lakebase:///a%20b?project=p&branch=b&user=u%40x&port=6000") == (
        LakebaseAddress("a b", project="p", branch="b", user="u@x", port=6000)
    )


@pytest.mark.parametrize(
    "url",
    [
        "lakebase:///ledger",
        "lakebase:///?instance=mill",
        "lakebase://host/ledger?instance=mill",
        "lakebase:///ledger?instance=mill&branch=b",
        "lakebase:///ledger?project=p",
        "lakebase:///ledger?instance=",
        "lakebase:///ledger?instance=a&instance=b",
        "lakebase:///ledger?instance=a&password=x",
    ],
)
def test_a_url_that_names_no_database_is_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(ValueError, match=r"lakebase:///database\?instance=NAME"):
        LakebaseAddress.parse(url)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "٣"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match="port must be a number"):
        LakebaseAddress.parse(f"lakebase:///ledger?instance=a&port={port}")


def test_a_certificate_can_be_checked_against_authorities_that_are_named() -> None:
    url = "lakebase:///ledger?instance=mill&sslmode=verify-full&sslrootcert=/etc/ssl/cas.pem"

    address = LakebaseAddress.parse(url)

    assert (address.sslmode, address.sslrootcert) == ("verify-full", "/etc/ssl/cas.pem")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        # libpq makes no connection then, and would say so with the first question only.
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert"),
        ("sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert"),
        ("sslmode=always", "sslmode must be one of .*verify-full.*, not 'always'"),
    ],
)
def test_a_check_of_the_certificate_that_cannot_be_made_is_refused(asked: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        LakebaseAddress.parse(f"lakebase:///ledger?instance=a&{asked}")


@pytest.mark.parametrize("missing", _LOGIN)
def test_a_login_that_is_missing_stops_the_start(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _LOGIN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABRICKS_TOKEN", raising=False)
    monkeypatch.delenv(missing)

    with pytest.raises(ValueError, match="DATABRICKS_HOST, and DATABRICKS_CLIENT_ID"):
        checked_database_url("lakebase:///ledger?instance=mill")


def test_a_host_may_be_given_without_its_scheme() -> None:
    login = WorkspaceLogin.of({**_LOGIN, "DATABRICKS_HOST": "example.cloud.databricks.com"})

    assert login.host == "https://example.cloud.databricks.com"
    assert "secret" not in repr(login)
