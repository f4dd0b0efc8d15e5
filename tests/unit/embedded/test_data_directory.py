import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from millstream_embedded.data_directory import DataDirectory, write_private
from millstream_embedded.errors import CannotRun
from millstream_embedded.postgres import EmbeddedPostgres


@contextmanager
def _opened(root: Path) -> Iterator[DataDirectory]:
    data = DataDirectory(root)
    try:
        yield data
    finally:
        os.close(data.lock_descriptor)


def test_a_directory_in_use_is_refused_by_its_name_and_its_user(tmp_path: Path) -> None:
    with _opened(tmp_path / "data"):
        with pytest.raises(
            CannotRun, match=rf"{tmp_path}/data is in use .*\(process {os.getpid()}\)"
        ):
            DataDirectory(tmp_path / "data")


def test_a_directory_that_was_left_can_be_used_again(tmp_path: Path) -> None:
    with _opened(tmp_path / "data"):
        pass

    with _opened(tmp_path / "data") as data:
        assert data.root == tmp_path / "data"


def test_a_place_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotRun, match=r"cannot be used .* set MILLSTREAM_DATA_DIR"):
        DataDirectory(tmp_path / "file" / "data")


def test_passwords_are_made_once_and_read_by_the_owner_alone(tmp_path: Path) -> None:
    with _opened(tmp_path) as data:
        first = data.passwords()

        assert data.passwords() == first
        assert first.postgres != first.valkey
        assert (tmp_path / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_a_private_file_is_never_open_to_others(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_text("old")
    target.chmod(0o644)

    write_private(target, "new")

    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_data_of_another_postgresql_is_refused_by_its_number(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("15\n")

    with pytest.raises(CannotRun, match=r"made by PostgreSQL 15, and this is PostgreSQL 18"):
        EmbeddedPostgres(cluster, 1, "password")


def test_a_directory_without_a_postgresql_version_is_refused(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()

    with pytest.raises(CannotRun, match="holds no PostgreSQL data"):
        EmbeddedPostgres(cluster, 1, "password")
