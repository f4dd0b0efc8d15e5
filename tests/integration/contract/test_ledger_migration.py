"""Migrations: once each, whoever else migrates at the same time."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from millstream_contract import migrate as command
from millstream_contract.ledger.migration import migrate, migration_names
from tests.harness.ports import free_port


def test_an_empty_database_is_brought_up_to_date_and_then_left_alone(
    empty_database_url: str,
) -> None:
    assert migrate(empty_database_url) == migration_names()
    assert migrate(empty_database_url) == []


def test_many_migrators_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        applied = list(threads.map(migrate, [empty_database_url] * 6))

    assert sorted(name for names in applied for name in names) == migration_names()


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE chunks (in_the_way int)")

        with pytest.raises(psycopg.errors.DuplicateTable):
            migrate(empty_database_url)

        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        assert tables == [("chunks",), ("schema_migrations",)]
        connection.execute("DROP TABLE chunks")
    assert migrate(empty_database_url) == migration_names()


def test_the_command_says_what_it_did(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    assert command.main([]) == 0
    assert capsys.readouterr().out == f"migrations applied: {', '.join(migration_names())}\n"
    assert command.main([]) == 0
    assert "none, all are there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("", 2, "DATABASE_URL"),
        ("nonsense", 2, "DATABASE_URL"),
        ("lakebase:///x", 2, "lakebase:///database?instance=NAME"),
        ("postgresql://127.0.0.1:{port}/x", 1, "could not be migrated"),
    ],
)
def test_the_command_says_why_it_cannot(
    url: str,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", url.format(port=free_port()))

    assert command.main([]) == code
    assert said in capsys.readouterr().err
