"""The ledger as the chaos run sees it: what is stored of an answer, and who has claimed it when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.chaos.witness import Witness
from tests.harness.sse import StrictReader, WireError

_RETRY_SECONDS = 0.2
_LOOK_EVERY_SECONDS = 0.025

_STORED = """
SELECT r.status, r.log, r.error ->> 'code', (
    SELECT coalesce(string_agg(part ->> 'text', '' ORDER BY i.position), '')
    FROM items AS i, jsonb_array_elements(i.body -> 'content') AS part
    WHERE i.response_id = r.id AND i.is_output AND i.body ->> 'type' = 'message')
FROM responses AS r WHERE r.id = %s
"""
_UNFINISHED = "SELECT id, attempt FROM responses WHERE status IN ('queued', 'in_progress')"


@dataclass
class Stored:
    """What the ledger says of an answer that has ended."""

    status: str
    text: str
    error: str | None
    stream: Witness


class Archive:
    """Reads the ledger; waits while PostgreSQL is away."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def stored(self, response_id: str, known: str) -> Stored:
        """Give what is stored of an answer; `known` is the text that it must have."""
        (row,) = await self._fetch(_STORED, [response_id])
        status, log, error, text = row
        stream = Witness(known)
        try:
            for item in StrictReader().feed(bytes(log or b"")):
                stream.add(item, 0.0)
        except WireError as broken:
            stream.wrong.append(str(broken))
        return Stored(status, text, error, stream)

    async def unfinished(self) -> dict[str, int]:
        """Give the attempt of each response that has not ended."""
        return dict(await self._fetch(_UNFINISHED))

    async def until_all_have_ended(self) -> None:
        """Wait until no response runs or is queued."""
        while True:
            if not await self.unfinished():
                return
            await asyncio.sleep(_RETRY_SECONDS)

    async def count(self) -> int:
        """Give how many responses there are."""
        return int((await self._fetch("SELECT count(*) FROM responses"))[0][0])

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _fetch(self, query: Any, values: Any = ()) -> list[tuple[Any, ...]]:
        async with self._turn:
            while True:
                try:
                    if self._connection is None:
                        self._connection = await psycopg.AsyncConnection.connect(
                            self._url, autocommit=True
                        )
                    return await (await self._connection.execute(query, values)).fetchall()
                except psycopg.OperationalError:
                    self._connection = None
                    await asyncio.sleep(_RETRY_SECONDS)


@dataclass
class Claims:
    """When each attempt was first seen in the ledger, in seconds of time.monotonic."""

    first_seen: dict[str, dict[int, float]] = field(default_factory=dict)

    def notice(self, response_id: str, after: float, until: float) -> float | None:
        """Give seconds from `after` to the next claim of an answer that was begun by then."""
        seen = self.first_seen.get(response_id, {})
        if not any(attempt >= 1 and at <= after for attempt, at in seen.items()):
            return None
        later = [at for attempt, at in seen.items() if attempt >= 2 and after < at <= until]
        return min(later) - after if later else None

    async def _look(self, archive: Archive) -> None:
        while True:
            for response_id, attempt in (await archive.unfinished()).items():
                self.first_seen.setdefault(response_id, {}).setdefault(attempt, time.monotonic())
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    @asynccontextmanager
    async def being_noted(self, database_url: str) -> AsyncIterator[None]:
        """Within the block, look for new claims 40 times a second."""
        archive = Archive(database_url)
        looking = asyncio.create_task(self._look(archive))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await archive.close()
