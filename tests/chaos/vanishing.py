"""A thousand answers whose viewers vanish: what do the processes hold afterwards?"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
import psutil

from bench.scripted_model.script import Script
from tests.chaos.archive import Archive
from tests.chaos.census import Census, serving_processes, take_census
from tests.chaos.stage import Stage
from tests.harness.deadlines import scaled
from tests.harness.sse import StreamEvent, StrictReader

ANSWERS = 1000
_BLOCKS = 4
_AT_ONCE = 24
_TOKENS = 12
_END_SECONDS = 60.0
_MOST_GROWN_BYTES_PER_ANSWER = 2 * 1024
"""Of one process. Its frames alone are some 10 KiB, and a third of all answers is a worker's."""


@dataclass(frozen=True)
class Vanished:
    """What was held before the answers (behind as many others, to warm up), and after them."""

    answers: int
    before: Census
    after: Census
    memory: dict[str, list[int]]
    """Resident bytes of each process: first before, then behind each block of answers."""

    def leaks(self) -> list[str]:
        """Give a line for each thing of which there is more than before."""
        grown = [
            f"{name} has grown by {values[-1] - values[0]} bytes over {self.answers} answers"
            for name, values in self.memory.items()
            if values[-1] - values[0] > _MOST_GROWN_BYTES_PER_ANSWER * self.answers
        ]
        return [*self.after.more_than(self.before), *grown]

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        return asdict(self)


def watch_vanish(stage: Stage, answers: int = ANSWERS) -> Vanished:
    """Ask, and leave after an event or some: the last viewers of all are gone before the end."""
    asyncio.run(_ask_and_leave(stage, answers))
    before = take_census(stage)
    memory = {name: [_resident_bytes(one)] for name, one in serving_processes(stage).items()}
    for _ in range(_BLOCKS):
        asyncio.run(_ask_and_leave(stage, answers // _BLOCKS))
        for name, process in serving_processes(stage).items():
            memory[name].append(_resident_bytes(process))
    return Vanished(answers, before, take_census(stage, before), memory)


async def _ask_and_leave(stage: Stage, answers: int) -> None:
    room = asyncio.Semaphore(_AT_ONCE)
    archive = Archive(stage.database_url)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True)
    ) as session:

        async def one(number: int) -> None:
            url = stage.apis[number % len(stage.apis)].url
            async with room:
                await _look_at(session, f"{url}/v1/responses", 1 + number % _TOKENS)

        await asyncio.gather(*map(one, range(answers)))
    async with asyncio.timeout(scaled(_END_SECONDS)):
        await archive.until_all_have_ended()
    await archive.close()


async def _look_at(session: aiohttp.ClientSession, url: str, events: int) -> None:
    question = f"Which script is played? {Script(tokens=_TOKENS).directive()}"
    body = {"input": question, "background": True, "stream": True}
    reader = StrictReader()
    async with session.post(url, json=body) as reply:
        while events > 0 and (data := await reply.content.read(4096)):
            events -= sum(isinstance(item, StreamEvent) for item in reader.feed(data))


def _resident_bytes(process: psutil.Process) -> int:
    return int(process.memory_info().rss)
