"""Strikes one fault after the other, in an order that follows from the seed."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.faults import FAULTS, FaultKind
from tests.chaos.stage import Stage
from tests.harness.deadlines import DeadlinePassed
from tests.harness.processes import ProcessFailed

logger = logging.getLogger(__name__)

_CALM_SECONDS = (2.5, 3.5)
"""Between two faults, so that what a late finding brings is told from the next fault."""
_BRISK_CALM_SECONDS = (0.2, 0.6)


@dataclass(frozen=True)
class Struck:
    """One fault that was injected. Times in seconds of time.monotonic."""

    kind: FaultKind
    at: float
    until: float
    """When everything ran again, and the calm after it was over."""
    problems: tuple[str, ...] = ()
    """Processes that ended by themselves, or did not end or start when they should have."""


def schedule(seed: int, rounds: int, kinds: Sequence[FaultKind] = FAULTS) -> list[FaultKind]:
    """Give every kind `rounds` times, each round in an order of its own."""
    chance = random.Random(f"{seed}/order")
    return [kind for _ in range(rounds) for kind in chance.sample(list(kinds), len(kinds))]


async def strike_all(
    stage: Stage,
    seed: int,
    kinds: Sequence[FaultKind],
    ends_at: float = float("inf"),
    *,
    brisk: bool = False,
) -> list[Struck]:
    """Strike these kinds in order, until a moment of time.monotonic at most.

    brisk: faults of their least length, with next to no time between them.
    """
    struck = []
    for number, kind in enumerate(kinds):
        if time.monotonic() >= ends_at:
            break
        chance = random.Random(f"{seed}/fault/{number}")
        least, most = kind.lasts
        lasts = least if brisk else chance.uniform(least, most)
        calm = chance.uniform(*(_BRISK_CALM_SECONDS if brisk else _CALM_SECONDS))
        struck.append(await _strike(stage, kind, chance, lasts, calm))
        logger.info("%d: %s, %.1f s", number, kind.name, struck[-1].until - struck[-1].at)
    return struck


async def _strike(
    stage: Stage, kind: FaultKind, chance: random.Random, lasts: float, calm: float
) -> Struck:
    """Strike once, repair, wait until everything runs and for a moment more."""
    problems = []
    at = time.monotonic()
    try:
        repair = await asyncio.to_thread(kind.strike, stage, chance)
        await asyncio.sleep(lasts)
        await asyncio.to_thread(repair)
    except (AssertionError, DeadlinePassed, ProcessFailed) as error:
        problems.append(str(error))
    problems += await asyncio.to_thread(_make_whole, stage)
    await asyncio.sleep(calm)
    return Struck(kind, at, time.monotonic(), tuple(problems))


def _make_whole(stage: Stage) -> list[str]:
    problems = []
    for slot in stage.workers:
        if (code := slot.running.exit_code) is not None:
            problems.append(f"{slot.name} ended with {code}:\n{slot.running.printed[-2000:]}")
            stage.launch_worker(slot)
    for api in stage.apis:
        if (code := api.process.exit_code) is not None:
            problems.append(f"the API ended with {code}:\n{api.process.tail()}")
            stage.launch_api(api)
    stage.wait_until_whole()
    return problems
