"""``millstream list`` and ``millstream remove`` over a real ledger."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Documents
from tests.harness.deadlines import scaled
from tests.harness.environment import service_environment
from tests.harness.ports import free_port


@pytest.fixture
def documents(database_url: str) -> Iterator[Documents]:
    with open_pool(database_url, size=1) as pool:
        yield Ledger.of(pool).documents


def run(database_url: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    # Nobody needs Redis for this.
    redis_url = f"redis://127.0.0.1:{free_port()}/0"
    return subprocess.run(
        [sys.executable, "-m", "millstream_worker.cli", *map(str, arguments)],
        env=service_environment({"DATABASE_URL": database_url, "REDIS_URL": redis_url}),
        capture_output=True,
        text=True,
        check=False,
        timeout=scaled(60),
    )


def put(documents: Documents, *sources: str | Path) -> None:
    for source in sources:
        documents.put(str(source), "Title", "text/plain", "text")


def test_what_is_stored_is_listed_and_what_is_removed_is_not(
    database_url: str, documents: Documents, tmp_path: Path
) -> None:
    put(documents, tmp_path / "a.md", tmp_path / "folder/b.md", "demo:postgresql/c.md")
    before = run(database_url, "list")

    # As they were named for the ingest: their files are gone by now.
    removed = run(database_url, "remove", tmp_path / "folder", "demo:")

    assert before.stdout.splitlines() == [
        f"pending\t0\t{source}"
        for source in (tmp_path / "a.md", tmp_path / "folder/b.md", "demo:postgresql/c.md")
    ]
    assert removed.stdout.splitlines() == [
        f"removed: {tmp_path / 'folder/b.md'}",
        "removed: demo:postgresql/c.md",
        "2 removed, 0 not stored",
    ]
    assert removed.returncode == 0
    assert [one.source for one in documents.stored()] == [str(tmp_path / "a.md")]


def test_a_name_that_means_nothing_is_told_and_the_others_are_removed(
    database_url: str, documents: Documents
) -> None:
    put(documents, "/a.md")

    done = run(database_url, "remove", "/b.md", "/a.md")

    assert done.stdout.splitlines() == [
        "removed: /a.md",
        "not stored: /b.md",
        "1 removed, 1 not stored",
    ]
    assert done.returncode == 1
    assert run(database_url, "list").stdout == "no documents\n"


def test_an_empty_name_means_nothing_and_not_everything(
    database_url: str, documents: Documents
) -> None:
    put(documents, "/a.md")

    done = run(database_url, "remove", "")

    assert done.returncode == 2
    assert "must not be empty" in done.stderr
    assert [one.source for one in documents.stored()] == ["/a.md"]
