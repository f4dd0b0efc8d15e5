"""The race that loses events where the list is replayed first and subscribed to after it.

A viewer goes offline for a second after every 100 events, and reads slowly; 400 events are written
at 50 a second.
"""

import asyncio
import time
import uuid

import aiohttp

from bench.scripted_model.script import Script
from tests.chaos.stage import Stage
from tests.chaos.web import AWAY
from tests.chaos.witness import Witness
from tests.harness.deadlines import scaled
from tests.harness.sse import StreamEvent, StrictReader

EVENTS = 400
_EVENTS_AROUND_THE_TEXT = 14
_RATE = 50
_ONLINE_EVENTS = 100
_OFFLINE_SECONDS = 1.0
_READ_BYTES = 2048
_READ_SECONDS = 0.02
_RUN_SECONDS = 60.0


def watch_offline(stage: Stage, runs: int, at_once: int) -> list[Witness]:
    """Give what the viewer of each run saw."""
    tokens = [f" word{number}" for number in range(EVENTS - _EVENTS_AROUND_THE_TEXT)]
    name = f"offline-{uuid.uuid4().hex}"
    stage.model.script(name, tokens)
    return asyncio.run(_runs(stage, name, "".join(tokens), runs, at_once))


def whole(witness: Witness) -> bool:
    """Whether all events came, each once and in order."""
    numbers = [event.number for event in witness.events]
    return numbers == list(range(EVENTS)) and not (witness.doubled or witness.wrong)


async def _runs(stage: Stage, name: str, text: str, runs: int, at_once: int) -> list[Witness]:
    room = asyncio.Semaphore(at_once)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=None, sock_read=20),
    ) as session:

        async def one(number: int) -> Witness:
            url = f"{stage.apis[number % len(stage.apis)].url}/v1/responses"
            async with room:
                return await _run(session, url, name, text)

        return list(await asyncio.gather(*map(one, range(runs))))


async def _run(session: aiohttp.ClientSession, url: str, name: str, text: str) -> Witness:
    witness = Witness(text)
    question = f"Which script is played? {Script(name=name, rate=_RATE).directive()}"
    body = {"input": question, "background": True}
    async with session.post(url, json=body) as reply:
        response_id = (await reply.json())["id"]
    try:
        async with asyncio.timeout(scaled(_RUN_SECONDS)):
            while not witness.ended:
                await _be_online(session, f"{url}/{response_id}", witness)
                if not witness.ended:
                    await asyncio.sleep(_OFFLINE_SECONDS)
    except TimeoutError:
        pass  # what is missing then is told by the witness
    return witness


async def _be_online(session: aiohttp.ClientSession, url: str, witness: Witness) -> None:
    params = {"stream": "true", "starting_after": str(witness.cursor)}
    reader, until = StrictReader(), len(witness.events) + _ONLINE_EVENTS
    try:
        async with session.get(url, params=params) as reply:
            while data := await reply.content.read(_READ_BYTES):
                for item in reader.feed(data):
                    witness.add(item, time.monotonic())
                    if isinstance(item, StreamEvent) and len(witness.events) >= until:
                        return
                await asyncio.sleep(_READ_SECONDS)
    except AWAY:
        return
