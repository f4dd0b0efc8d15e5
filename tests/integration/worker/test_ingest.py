"""``millstream ingest`` with a real ledger, a real queue and a real ingest worker."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.embeddings import embed
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Documents
from millstream_contract.objects import Passage
from tests.harness.deadlines import eventually, scaled
from tests.harness.environment import service_environment
from tests.harness.ports import free_port
from tests.harness.processes import ServerProcess
from tests.harness.servers import Servers
from tests.harness.services import start_worker
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer

Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def running(servers: Servers, migrated_template: str) -> Iterator[Backends]:
    """A ledger and a queue with an ingest worker, for the tests that leave it whole."""
    with servers.backends(migrated_template) as backends, ingest_worker(backends):
        yield backends


@contextmanager
def ingest_worker(backends: Backends) -> Iterator[ServerProcess]:
    worker = start_worker(backends.settings(), "ingest")
    try:
        yield worker
    finally:
        worker.stop(30)


@contextmanager
def documents_of(backends: Backends) -> Iterator[Documents]:
    with open_pool(backends.database_url, size=1) as pool:
        yield Ledger.of(pool).documents


def command(backends: Backends, *arguments: str | Path) -> Finished:
    return run(backends.settings(), "ingest", *arguments)


def run(settings: dict[str, str], *arguments: str | Path) -> Finished:
    return subprocess.run(
        [sys.executable, "-m", "millstream_worker.cli", *map(str, arguments)],
        env=service_environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=scaled(60),
    )


def found(backends: Backends, question: str, dimension: int = 384) -> list[Passage]:
    with open_pool(backends.database_url, size=1) as pool:
        return Ledger.of(pool).passages.search(question, embed(question, dimension), 3)


def status(backends: Backends, title: str) -> tuple[str, str | None]:
    with open_pool(backends.database_url, size=1) as pool, pool.connection() as connection:
        row = connection.execute(
            "SELECT status, error FROM documents WHERE title = %s", [title]
        ).fetchone()
    return (row["status"], row["error"]) if row else ("missing", None)


def is_ready(backends: Backends, title: str) -> bool:
    return status(backends, title)[0] == "ready"


def test_a_folder_is_ingested_and_its_passages_are_found(running: Backends, tmp_path: Path) -> None:
    (tmp_path / "otters.md").write_text("# Otters\n\n## Food\n\nOtters eat crayfish at dusk.\n")
    (tmp_path / "kites.txt").write_text("Red kites circle above the quarry.\n")
    (tmp_path / "bees.html").write_text("<h1>Bees</h1><p>Bees waggle to tell of clover.</p>")

    done = command(running, tmp_path)

    assert done.stdout.splitlines()[-1] == "3 ingested, 0 unchanged, 0 failed"
    assert done.returncode == 0
    best = found(running, "What do otters eat?")[0]
    assert (best.title, best.place) == ("Otters", "Food")
    assert best.text == "Otters eat crayfish at dusk."
    assert found(running, "red kites")[0].title == "kites"
    assert found(running, "waggle clover")[0].title == "Bees"


def test_what_has_not_changed_is_left_as_it_is(running: Backends, tmp_path: Path) -> None:
    (tmp_path / "lynx.md").write_text("# Lynx\n\nThe lynx has tufted ears.\n")
    assert command(running, tmp_path).returncode == 0

    again = command(running, tmp_path / "lynx.md")

    assert again.stdout.splitlines()[-1] == "0 ingested, 1 unchanged, 0 failed"
    assert again.returncode == 0


def test_a_changed_file_replaces_what_it_said_before(running: Backends, tmp_path: Path) -> None:
    file = tmp_path / "heron.md"
    file.write_text("# Heron\n\nThe heron nests in poplars.\n")
    command(running, file)
    file.write_text("# Heron\n\nThe heron nests in willows.\n")

    done = command(running, file)

    assert done.stdout.splitlines()[-1] == "1 ingested, 0 unchanged, 0 failed"
    texts = [passage.text for passage in found(running, "Where does the heron nest?")]
    assert "The heron nests in willows." in texts
    assert "The heron nests in poplars." not in texts


def test_a_file_that_fails_is_reported_and_the_others_are_ingested(
    running: Backends, tmp_path: Path
) -> None:
    (tmp_path / "good.md").write_text("# Good\n\nA good file.\n")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")

    done = command(running, tmp_path, tmp_path / "missing.md")

    assert done.returncode == 1
    assert "1 ingested, 0 unchanged, 2 failed" in done.stdout
    assert "latin.txt: it is not UTF-8 text" in done.stdout
    assert "missing.md: there is no such file" in done.stdout


def test_a_page_of_links_is_passed_over_with_the_reason(running: Backends, tmp_path: Path) -> None:
    links = "".join(f"- [Page number {n}](p{n}.md)\n" for n in range(12))
    (tmp_path / "index.md").write_text(f"# Index of it all\n\n{links}")

    done = command(running, tmp_path)

    assert "index.md: there is nothing to find in it" in done.stdout
    assert done.returncode == 0
    assert all(passage.title != "Index of it all" for passage in found(running, "page number"))


def test_the_instance_that_make_run_started_is_found(running: Backends, tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# Found instance\n\nText.\n")
    (tmp_path / "connection.env").write_text(
        f"DATABASE_URL={running.database_url}\nREDIS_URL={running.redis_url}\n"
    )

    done = run({"MILLSTREAM_DATA_DIR": str(tmp_path)}, "ingest", tmp_path / "x.md")

    assert "1 ingested" in done.stdout


def test_what_waits_is_ingested_by_the_next_worker_although_redis_lost_a_job(
    backends: Backends, tmp_path: Path, valkey: ValkeyServer
) -> None:
    (tmp_path / "lost.md").write_text("# Lost\n\nText.\n")
    command(backends, "--no-wait", tmp_path)
    with valkey.client(int(backends.redis_url.rpartition("/")[2])) as client:
        client.flushdb()
    (tmp_path / "sent.md").write_text("# Sent\n\nText.\n")

    done = command(backends, "--no-wait", tmp_path / "sent.md")

    assert done.stdout.splitlines()[-1] == "0 ingested, 0 unchanged, 0 failed, 1 on the queue"
    assert done.returncode == 0
    with ingest_worker(backends):
        for title in ("Lost", "Sent"):
            eventually(f"{title} to be ready", partial(is_ready, backends, title))


def test_waiting_for_a_worker_that_is_not_there_has_an_end(
    backends: Backends, tmp_path: Path
) -> None:
    (tmp_path / "x.md").write_text("# Nobody\n\nText.\n")

    done = command(backends, "--patience", "0.5", tmp_path)

    assert done.returncode == 1
    assert "is `python -m millstream_worker ingest` running?" in done.stderr


def test_a_corpus_embedded_by_another_endpoint_is_embedded_again(
    backends: Backends, tmp_path: Path
) -> None:
    (tmp_path / "newt.md").write_text("# Newt\n\nThe newt breathes through its skin.\n")
    with ingest_worker(backends):
        assert command(backends, tmp_path).returncode == 0

    with ScriptedModel.start(dimension=96) as other:
        extra = {"MILLSTREAM_EMBEDDINGS_ENDPOINT": "other-embeddings"}
        changed = replace(backends, model=other, extra=extra)
        with ingest_worker(changed), documents_of(changed) as documents:
            eventually(
                "the other endpoint's vectors",
                lambda: (
                    documents.embeddings_endpoint() == "other-embeddings"
                    and is_ready(changed, "Newt")
                ),
            )
        assert found(changed, "How does the newt breathe?", 96)[0].title == "Newt"


def test_a_document_waits_for_an_endpoint_that_is_away(backends: Backends, tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# Patient\n\nText.\n")
    port = free_port()
    away = {"DATABRICKS_HOST": f"http://127.0.0.1:{port}"}
    with ingest_worker(replace(backends, extra=away)):
        command(backends, "--no-wait", tmp_path)
        assert status(backends, "Patient")[0] == "pending"

        with ScriptedModel.start(port=port):
            eventually("the document to be ready", lambda: is_ready(backends, "Patient"), 40)


def test_nobody_at_the_database_address_is_said_without_the_password(
    backends: Backends, tmp_path: Path
) -> None:
    (tmp_path / "x.md").write_text("text")
    port = free_port()
    settings = backends.settings() | {"DATABASE_URL": f"postgresql://u:secret@127.0.0.1:{port}/x"}

    done = run(settings, "ingest", tmp_path)

    assert done.returncode == 2
    assert done.stderr == (
        f"millstream: PostgreSQL at 127.0.0.1:{port} does not answer (DATABASE_URL)\n"
    )


def test_nobody_at_the_queues_address_is_said(backends: Backends, tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("text")
    port = free_port()

    done = run(
        backends.settings() | {"REDIS_URL": f"redis://:secret@127.0.0.1:{port}"}, "ingest", tmp_path
    )

    assert done.returncode == 2
    assert done.stderr == f"millstream: Redis at 127.0.0.1:{port} does not answer (REDIS_URL)\n"


def test_a_database_that_was_not_migrated_is_said(
    backends: Backends, empty_database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "x.md").write_text("text")

    done = run(backends.settings() | {"DATABASE_URL": empty_database_url}, "ingest", tmp_path)

    assert done.returncode == 2
    assert "python -m millstream_contract.migrate" in done.stderr


def test_without_addresses_it_says_what_to_do(tmp_path: Path) -> None:
    done = run({"MILLSTREAM_DATA_DIR": str(tmp_path)}, "ingest", tmp_path)

    assert done.returncode == 2
    assert "DATABASE_URL and REDIS_URL not set" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["ingest"], ["ingest", "--max-bytes", "0", "x"], ["ingest", "--patience", "nan", "x"]],
)
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    done = run({}, *arguments)

    assert done.returncode == 2
    assert "usage: millstream" in done.stderr


def test_the_command_starts_without_the_model_libraries() -> None:
    code = (
        "import sys, millstream_worker.cli as cli; print(sorted({name.partition('.')[0] for name in"
        " sys.modules} & {'databricks', 'langchain_core', 'langgraph', 'mlflow', 'openai'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
