"""A viewer: reads the stream of one answer to its end, over any number of connections."""

import asyncio
import random
import time

import aiohttp

from tests.chaos.plans import AnswerPlan, ViewerKind
from tests.chaos.web import AWAY, Web
from tests.chaos.witness import Witness
from tests.harness.sse import StreamEvent, StrictReader, WireError

_RETRY_SECONDS = 0.05
_CUT_AT_EACH_SHARE = 0.3
_MOST_EVENTS_TO_CUT = 25
_SLOW_READ_BYTES = 1024
_SLOW_READ_SECONDS = 0.05
_SLOW_EVENTS = 100
"""Then it catches up: the end of a large answer repeats its text, which would take it too long."""
_READ_BYTES = 65_536


class Viewer:
    """Views one answer; `witness` holds what was seen, `cuts` counts what it cut itself."""

    def __init__(self, plan: AnswerPlan, kind: ViewerKind, seed: int, web: Web) -> None:
        self.kind = kind
        self.witness = Witness(plan.text)
        self.cuts = 0
        self._web = web
        self._chance = random.Random(f"{seed}/{plan.number}/{kind}")
        self._cut_at_each = self._chance.random() < _CUT_AT_EACH_SHARE
        self._moved = asyncio.Event()

    async def ask(self, body: dict[str, object], key: str) -> bool:
        """Ask, and read what comes; give whether it was accepted. Raises what is in AWAY."""
        async with self._web.session(self.kind).post(
            self._web.url("/v1/responses"), json=body, headers={"Idempotency-Key": key}
        ) as reply:
            if not self._web.accepted(reply):
                return False
            await self._read(reply)
            return True

    async def watch(self, response_id: str) -> None:
        """Read until the answer has ended, coming back after every break with the cursor."""
        while not self.witness.ended:
            try:
                await self._connect(response_id)
            except AWAY:
                await asyncio.sleep(_RETRY_SECONDS)

    async def has_seen(self, events: int) -> bool:
        """Wait until so many events were seen; False when the answer ended before."""
        while len(self.witness.events) < events and not self.witness.ended:
            await self._moved.wait()
        return not self.witness.ended

    async def _connect(self, response_id: str) -> None:
        params, headers = {"stream": "true"}, {}
        if self._chance.random() < 0.5:
            params["starting_after"] = str(self.witness.cursor)
        else:
            headers["Last-Event-ID"] = str(self.witness.cursor)
        async with self._web.session(self.kind).get(
            self._web.url(f"/v1/responses/{response_id}"), params=params, headers=headers
        ) as reply:
            if self._web.accepted(reply):
                await self._read(reply)
            else:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self, reply: aiohttp.ClientResponse) -> None:
        reader, room = StrictReader(), self._events_until_cut()
        while data := await self._next(reply.content):
            try:
                for item in reader.feed(data):
                    self.witness.add(item, time.monotonic())
                    room -= isinstance(item, StreamEvent)
                    if room <= 0 and not self.witness.ended:
                        self.cuts += 1
                        return
            except WireError as error:
                self.witness.wrong.append(str(error))
                return
            finally:
                self._moved.set()
                self._moved = asyncio.Event()

    async def _next(self, content: aiohttp.StreamReader) -> bytes:
        if self.kind is ViewerKind.SLOW and len(self.witness.events) < _SLOW_EVENTS:
            await asyncio.sleep(_SLOW_READ_SECONDS)
            return await content.read(_SLOW_READ_BYTES)
        return await content.read(_READ_BYTES)

    def _events_until_cut(self) -> int:
        if self.kind is not ViewerKind.CUT:
            return 1_000_000
        return 1 if self._cut_at_each else self._chance.randint(1, _MOST_EVENTS_TO_CUT)
