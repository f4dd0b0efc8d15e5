"""The servers that tests share, and what some of them get of these to themselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench.scripted_model.client import ScriptedModel
from tests.harness.postgres import PostgresServer
from tests.harness.stack import Backends
from tests.harness.valkey import ValkeyServer


@dataclass(frozen=True)
class Servers:
    """PostgreSQL, Valkey and a model; nobody stops them."""

    postgres: PostgresServer
    valkey: ValkeyServer
    model: ScriptedModel

    @contextmanager
    def backends(self, template: str, extra: Mapping[str, str] | None = None) -> Iterator[Backends]:
        """Lend databases, one of them a copy of ``template``, for longer than one test lasts.

        extra: settings of the services, in the way of environment variables.
        """
        with (
            self.postgres.temporary_database(template) as database_url,
            self.valkey.temporary_database() as redis_url,
        ):
            yield Backends(database_url, redis_url, self.model, extra or {})
