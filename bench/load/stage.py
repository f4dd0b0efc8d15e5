"""What is under load: an instance as `make run` starts it, its models being the scripted one."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from bench.scripted_model.client import ScriptedModel
from tests.harness import warden
from tests.harness.deadlines import eventually
from tests.integration.embedded.instances import WHOLE, RunningInstance

_START_SECONDS = 180.0
_CORPUS_SECONDS = 300.0
_SPAWNED = re.compile(r"spawned: '([^']+)' with pid (\d+)")


@dataclass(frozen=True)
class Stage:
    """Addresses of what is under load, and its processes by the names of their parts."""

    api_url: str
    model_url: str | None
    redis_url: str | None
    parts: Mapping[str, psutil.Process] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    """What differs from the defaults of `make run`."""


@contextmanager
def embedded_stage(workers: int, slots: int) -> Iterator[Stage]:
    """Start the embedded instance with the demo corpus; stop it at the end of the block.

    workers: worker processes. slots: answers that each generates side by side.
    """
    with ExitStack() as ends:
        model = ends.enter_context(ScriptedModel.start())
        warden.entrust(model.process.pid)
        ends.callback(warden.take_back, model.process.pid)
        told = {"MILLSTREAM_WORKERS": str(workers), "MILLSTREAM_ANSWERS_CONCURRENCY": str(slots)}
        settings = {
            **told,
            "DATABRICKS_HOST": model.url,
            "DATABRICKS_TOKEN": "scripted",
            "MILLSTREAM_CHAT_ENDPOINT": "scripted-chat",
            "MILLSTREAM_EMBEDDINGS_ENDPOINT": "scripted-embeddings",
            # The scripted model would say its whole answer in place of a query.
            "MILLSTREAM_CONDENSING": "keywords",
        }
        directory = ends.enter_context(tempfile.TemporaryDirectory(prefix="millstream-load-"))
        instance = RunningInstance(Path(directory) / "data", WHOLE, **settings)
        ends.callback(instance.process.kill)
        instance.wait_until_ready(_START_SECONDS)
        connection = instance.connection()
        _wait_for_corpus(connection["DATABASE_URL"])
        yield Stage(
            f"http://127.0.0.1:{instance.api_port}",
            model.url,
            connection["REDIS_URL"],
            {**_parts(instance), "model": psutil.Process(model.process.pid)},
            told,
        )
        instance.stop()


def _wait_for_corpus(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:

        def whole() -> bool:
            counted = connection.execute(
                "SELECT count(*) FILTER (WHERE status = 'ready'), count(*) FROM documents"
            ).fetchone()
            return counted is not None and counted[0] == counted[1] > 0

        eventually("the demo corpus to be embedded", whole, _CORPUS_SECONDS, every_seconds=0.5)


def _parts(instance: RunningInstance) -> dict[str, psutil.Process]:
    found = {}
    for line in instance.process.lines:
        if spawned := _SPAWNED.search(line):
            found[spawned[1]] = psutil.Process(int(spawned[2]))
    return found
