"""Where the command looks for the ledger and the queue."""

from pathlib import Path

import pytest

from millstream_worker.command.addresses import Addresses, NoAddresses, find_addresses, shown


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    lines = "# written by make run\nDATABASE_URL=postgresql://u:p=1@h/db\nREDIS_URL=redis://h\n"
    (tmp_path / "connection.env").write_text(lines)
    return tmp_path


def test_the_running_instance_is_found_by_its_data_directory(data_directory: Path) -> None:
    found = find_addresses({"MILLSTREAM_DATA_DIR": str(data_directory)})

    assert found == Addresses("postgresql://u:p=1@h/db", "redis://h")


def test_the_running_instance_is_found_in_the_current_directory(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("here")
    (here / ".millstream").symlink_to(data_directory)
    monkeypatch.chdir(here)

    assert find_addresses({}).redis_url == "redis://h"


def test_the_environment_wins(data_directory: Path) -> None:
    environment = {"MILLSTREAM_DATA_DIR": str(data_directory), "REDIS_URL": "redis://other"}

    assert find_addresses(environment) == Addresses("postgresql://u:p=1@h/db", "redis://other")


def test_an_empty_variable_is_none(data_directory: Path) -> None:
    environment = {"MILLSTREAM_DATA_DIR": str(data_directory), "REDIS_URL": ""}

    assert find_addresses(environment).redis_url == "redis://h"


def test_without_addresses_the_missing_ones_are_named(tmp_path: Path) -> None:
    environment = {"MILLSTREAM_DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://h/db"}

    with pytest.raises(NoAddresses, match=r"^REDIS_URL not set.*connection\.env.*make run"):
        find_addresses(environment)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://user:secret@db.example:5433/x", "db.example:5433"),
        ("redis://:secret@cache", "cache"),
        ("redis://:secret@cache:port", "an address that is no URL"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, place: str) -> None:
    assert shown(url) == place
