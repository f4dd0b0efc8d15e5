"""A process can wait until another has migrated, and then become what it waited for."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from millstream_contract import migrate as command
from millstream_contract.ledger.migration import migrate, migration_names
from tests.harness.ports import free_port


@contextmanager
def waiting(url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "millstream_contract.migrate", "--wait", "60", *arguments],
        env={"DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_it_looks(url: str) -> None:
    """Return when somebody is, or was, connected to the database of ``url``."""
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(
            "SELECT sessions > 1 FROM pg_stat_database WHERE datname = current_database()"
        ).fetchall()[0][0]:
            connection.execute("SELECT pg_sleep(0.05)")


def test_who_waits_becomes_its_command_once_another_has_migrated(empty_database_url: str) -> None:
    said = [sys.executable, "-c", "print('serves')"]
    with waiting(empty_database_url, "--", *said) as process:
        wait_until_it_looks(empty_database_url)

        migrate(empty_database_url)

        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output) == (0, "serves\n")


def test_who_waits_in_vain_says_what_is_missing_and_has_changed_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    assert command.main(["--wait", "0", "--", "false"]) == 1

    assert migration_names()[0] in capsys.readouterr().err
    assert migrate(empty_database_url) == migration_names()


def test_who_waits_for_a_server_that_is_away_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://127.0.0.1:{free_port()}/x")

    assert command.main(["--wait", "0"]) == 1
    assert "Connection refused" in capsys.readouterr().err


def test_who_waits_ends_at_once_when_told_to(empty_database_url: str) -> None:
    with waiting(empty_database_url) as process:
        wait_until_it_looks(empty_database_url)

        process.terminate()

        assert process.wait(timeout=60) == 128 + signal.SIGTERM
