"""What the API keeps of questions: their rows in the ledger, and their places in line."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from redis import Redis

from millstream_contract.keys import QUEUED_KEY
from tests.harness.stack import Backends

_STORED: Mapping[str, str] = {
    "responses": "SELECT id FROM responses",
    "items": "SELECT id FROM items",
}


@dataclass(frozen=True)
class Kept:
    """The ids of all that is kept at one moment."""

    responses: frozenset[str]
    items: frozenset[str]
    in_line: frozenset[str]

    @classmethod
    def by(cls, backends: Backends) -> "Kept":
        """Look."""
        with psycopg.connect(backends.database_url) as connection:
            responses, items = (
                frozenset(row[0] for row in connection.execute(_STORED[table]))
                for table in ("responses", "items")
            )
        with Redis.from_url(backends.redis_url) as redis:
            in_line = frozenset(text.decode() for text in redis.zrange(QUEUED_KEY, 0, -1))
        return cls(responses, items, in_line)

    def added(self, backends: Backends) -> set[str]:
        """Give the ids of what is kept now and was unknown then.

        A count would not do: a reaper takes out of line what other tests have ended, and puts into
        line what the ledger had before, at any moment.
        """
        now = Kept.by(backends)
        in_line = now.in_line - self.in_line - self.responses
        return set(now.responses - self.responses | now.items - self.items | in_line)
