"""The chaos run's crowd against a compose project: every event of every answer is checked."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.archive import Archive
from tests.chaos.crowd import Crowd, Outcome
from tests.chaos.plans import Load
from tests.chaos.run import busy_for
from tests.chaos.web import Web
from tests.compose.project import Project

# Without faults of the model, which are not the subject here, and without stops, so that every
# answer has to be complete.
LOAD = Load(concurrent=12, model_fault_share=0, stop_share=0, slow_share=0)
_AROUND_SECONDS = 4.0


@dataclass(frozen=True)
class Count:
    """What came of all answers that were asked while something was done."""

    outcomes: list[Outcome]
    stored: int
    """New answers in the ledger."""
    seconds: float

    @property
    def broken(self) -> list[str]:
        """A line for each answer with a broken promise."""
        return [
            f"{one.response_id}: lost {one.lost}, doubled {one.doubled}, hung {one.hung},"
            f" {one.wrong[:2]}"
            for one in self.outcomes
            if not one.faultless
        ]

    def __str__(self) -> str:
        """Sum up, for the report."""
        gaps = [
            later - earlier
            for one in self.outcomes
            for earlier, later in zip(one.token_times, one.token_times[1:], strict=False)
        ]
        tokens = sum(len(one.token_times) for one in self.outcomes)
        return (
            f"{len(self.outcomes)} answers, {tokens} pieces of text seen, {self.stored} stored,"
            f" lost {sum(one.lost for one in self.outcomes)},"
            f" doubled {sum(one.doubled for one in self.outcomes)},"
            f" hung {sum(one.hung for one in self.outcomes)},"
            f" taken back {sum(one.resets for one in self.outcomes)},"
            f" longest silence {max(gaps, default=0):.1f} s, in {self.seconds:.0f} s"
        )


def count_while(project: Project, seed: int, work: Callable[[], None]) -> Count:
    """Keep asking through the proxy while work is done and a little around it; count everything."""
    return asyncio.run(_count_while(project, seed, work))


async def _count_while(project: Project, seed: int, work: Callable[[], None]) -> Count:
    begun = time.monotonic()
    archive = Archive(project.database_url())
    before = await archive.count()
    with project.model() as model:
        async with Web([project.url], random.Random(seed)) as web:
            crowd = Crowd(seed, LOAD, web, archive, model)
            await busy_for(crowd, _in_the_middle(work))
    stored = await archive.count() - before
    await archive.close()
    return Count(crowd.outcomes, stored, time.monotonic() - begun)


async def _in_the_middle(work: Callable[[], None]) -> None:
    # Load on both sides of it, not a wait for something.
    await asyncio.sleep(_AROUND_SECONDS)
    await asyncio.to_thread(work)
    await asyncio.sleep(_AROUND_SECONDS)
