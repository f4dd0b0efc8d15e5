"""One instance: which parts it has, from the settings and the data directory."""

import os
import secrets
import sys
from dataclasses import dataclass
from functools import partial

from millstream_embedded.addresses import Addresses, given_databricks
from millstream_embedded.command_prefix import ends_with_parent
from millstream_embedded.data_directory import DataDirectory
from millstream_embedded.http_probe import answers_ok
from millstream_embedded.parts import Part
from millstream_embedded.ports import LOOPBACK, choose_free_port, refuse_taken_port
from millstream_embedded.postgres import EmbeddedPostgres
from millstream_embedded.settings import (
    LOCAL_CHAT_ENDPOINT,
    LOCAL_EMBEDDINGS_ENDPOINT,
    EmbeddedSettings,
)
from millstream_embedded.valkey import EmbeddedValkey
from millstream_embedded.worker_probe import log_says_ready

# above the worker's own drain time, so that it hands over before it is killed
_WORKER_STOP_SECONDS = 45

# A worker says in its log, and only there, that it takes jobs.
_READABLE_LOG = {"MILLSTREAM_LOG_LEVEL": "INFO"}

# Whoever presses Ctrl-C does not want to wait; the next start goes on with what was running.
_QUICK_STOP = {"MILLSTREAM_SHUTDOWN_GRACE_SECONDS": "3"}

# What the demo corpus answers, for an empty page to offer.
_DEMO_QUESTIONS = (
    "What does REPEATABLE READ guarantee?"
    "|What does asynchronous commit risk?"
    "|How does trust authentication work?"
)

# Our own models continue an assistant message, and are too small to condense a question.
_LOCAL_MODELS = {"MILLSTREAM_CONTINUE_ANSWERS": "true", "MILLSTREAM_CONDENSING": "keywords"}


@dataclass(frozen=True)
class Instance:
    """The parts of one instance, in the order in which they start."""

    servers: list[Part]
    """PostgreSQL and Valkey, as far as they are not given."""
    services: list[Part]
    """What answers a question."""
    background: list[Part]
    """What is started once the first question can be asked."""
    addresses: Addresses

    @property
    def parts(self) -> list[Part]:
        """All of them."""
        return [*self.servers, *self.services, *self.background]


def plan_instance(settings: EmbeddedSettings, data: DataDirectory) -> Instance:
    """Choose ports, make the servers' data, and name the parts; raises CannotRun.

    Nothing runs afterwards.
    """
    refuse_taken_port(settings.ui_port, "MILLSTREAM_UI_PORT")
    refuse_taken_port(settings.api_port, "MILLSTREAM_API_PORT")
    ports = _Ports(settings)
    servers: list[Part] = []
    database_url = settings.database_url and settings.database_url.get_secret_value()
    if not database_url:
        database_url = _add_postgres(servers, data, ports.postgres)
    redis_url = settings.redis_url and settings.redis_url.get_secret_value()
    if not redis_url:
        redis_url = _add_valkey(servers, data, ports.valkey)
    addresses = Addresses(
        database_url=database_url,
        redis_url=redis_url,
        databricks=_databricks(settings, ports.models),
        chat_endpoint=settings.chat_endpoint or LOCAL_CHAT_ENDPOINT,
        embeddings_endpoint=settings.embeddings_endpoint or LOCAL_EMBEDDINGS_ENDPOINT,
        api_port=settings.api_port,
        ui_port=settings.ui_port,
        models_port=ports.models,
    )
    services = _services(settings, addresses, data)
    ingest = _worker("ingest", "ingest", settings, data)
    return Instance(servers, services, [ingest], addresses)


class _Ports:
    """The internal ports: as set, else free ones; all differ."""

    def __init__(self, settings: EmbeddedSettings) -> None:
        taken = {settings.ui_port, settings.api_port}
        self.models = self._given_or_free(settings.models_port, "MODELS", taken)
        self.postgres = self._given_or_free(settings.postgres_port, "POSTGRES", taken)
        self.valkey = self._given_or_free(settings.valkey_port, "VALKEY", taken)

    @staticmethod
    def _given_or_free(port: int | None, name: str, taken: set[int]) -> int:
        if port is None:
            return choose_free_port(taken)
        refuse_taken_port(port, f"MILLSTREAM_{name}_PORT")
        return port


def _databricks(settings: EmbeddedSettings, models_port: int) -> dict[str, str]:
    if settings.databricks_host:
        return given_databricks(settings)
    # our models ask for no secret; the client wants one
    return {
        "DATABRICKS_HOST": f"http://{LOOPBACK}:{models_port}",
        "DATABRICKS_TOKEN": secrets.token_urlsafe(16),
    }


def _add_postgres(servers: list[Part], data: DataDirectory, port: int) -> str:
    postgres = EmbeddedPostgres(data.postgres, port, data.passwords().postgres)
    postgres.make_cluster()
    servers.append(
        Part(
            "postgres",
            postgres.command(),
            lambda: postgres.is_ready,
            stop_signal="INT",  # fast: SIGTERM would wait for every client to leave
            stop_seconds=60,
            shares_environment=False,
        )
    )
    return postgres.url()


def _add_valkey(servers: list[Part], data: DataDirectory, port: int) -> str:
    configuration = data.run / "valkey.conf"
    valkey = EmbeddedValkey(data.valkey, configuration, port, data.passwords().valkey)
    valkey.prepare()
    servers.append(
        Part(
            "valkey",
            valkey.command(),
            lambda: valkey.is_ready,
            stop_seconds=30,
            shares_environment=False,
        )
    )
    return valkey.url()


def _services(settings: EmbeddedSettings, addresses: Addresses, data: DataDirectory) -> list[Part]:
    services: list[Part] = []
    if not settings.databricks_host:
        ready = partial(answers_ok, addresses.models_port, "/.well-known/databricks-config")
        services.append(Part("models", _module("millstream_models"), ready))
    numbers = range(1, settings.workers + 1)
    services += [_worker(f"worker-{number}", "answers", settings, data) for number in numbers]
    api_ready = partial(answers_ok, addresses.api_port, "/readyz")
    services.append(Part("api", _module("millstream_api"), api_ready, stop_seconds=30))
    ui_ready = partial(answers_ok, addresses.ui_port, "/readyz")
    questions = {"MILLSTREAM_UI_SUGGESTIONS": _DEMO_QUESTIONS} if settings.demo_corpus else {}
    if "MILLSTREAM_UI_SUGGESTIONS" in os.environ:
        questions = {}
    services.append(Part("ui", _module("millstream_ui"), ui_ready, environment=questions))
    return services


def _worker(name: str, queue: str, settings: EmbeddedSettings, data: DataDirectory) -> Part:
    local = {} if settings.databricks_host else _LOCAL_MODELS
    defaults = {**_QUICK_STOP, **local}
    environment = {name: value for name, value in defaults.items() if name not in os.environ}
    if os.environ.get("MILLSTREAM_LOG_LEVEL") != "DEBUG":
        environment |= _READABLE_LOG
    if "MILLSTREAM_WORKER_HTTP_PORT" in os.environ:
        # One port cannot be that of each worker here.
        environment["MILLSTREAM_WORKER_HTTP_PORT"] = "0"
    return Part(
        name,
        _module("millstream_worker", queue),
        partial(log_says_ready, data.logs / f"{name}.log"),
        stop_seconds=_WORKER_STOP_SECONDS,
        environment=environment,
    )


def _module(name: str, *arguments: str) -> list[str]:
    return [*ends_with_parent("TERM"), sys.executable, "-m", name, *arguments]
