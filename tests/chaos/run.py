"""A chaos run from its start to its findings."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.chaos.archive import Archive, Claims
from tests.chaos.census import Census, take_census
from tests.chaos.crowd import Crowd, Outcome
from tests.chaos.director import Struck, strike_all
from tests.chaos.faults import FaultKind
from tests.chaos.plans import FAT_SCRIPT, Load, fat_tokens
from tests.chaos.stage import Stage
from tests.chaos.web import Web


@dataclass
class Findings:
    """All that a run has seen."""

    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    """Answers under faults."""
    calm_outcomes: list[Outcome] = field(default_factory=list)
    """Answers before the first fault of a process."""
    struck: list[Struck] = field(default_factory=list)
    claims: Claims = field(default_factory=Claims)
    before: Census | None = None
    after: Census | None = None
    replies: dict[int, int] = field(default_factory=dict)
    """HTTP replies other than 200, by status."""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    """What is wrong beside the answers: processes, leaks, the ledger's counts."""

    @property
    def all_outcomes(self) -> list[Outcome]:
        """All answers."""
        return [*self.calm_outcomes, *self.outcomes]

    def failures(self) -> list[str]:
        """Give a line for each broken promise; none is what a run must show."""
        lines = [
            f"answer {one.plan.script.id} ({one.response_id}): lost {one.lost}, doubled"
            f" {one.doubled}, hung {one.hung}, {one.wrong[:3]}"
            for one in self.all_outcomes
            if not one.faultless
        ]
        return [*lines, *self.problems]


@dataclass(frozen=True)
class Size:
    """How long a run is."""

    load: Load
    calm_load: Load
    calm_seconds: float
    chaos_seconds: float = float("inf")
    brisk: bool = False
    """Shortest faults, and next to nothing between two."""


def run(stage: Stage, seed: int, kinds: Sequence[FaultKind], size: Size) -> Findings:
    """Strike these faults in order, under load, and check everything."""
    findings = Findings(seed)
    begun = time.monotonic()
    stage.model.script(FAT_SCRIPT, fat_tokens())
    asyncio.run(_under_load(stage, seed, kinds, size, findings))
    assert findings.before is not None
    findings.after = take_census(stage, findings.before)
    findings.problems += findings.after.more_than(findings.before)
    findings.seconds = time.monotonic() - begun
    return findings


async def _under_load(
    stage: Stage, seed: int, kinds: Sequence[FaultKind], size: Size, findings: Findings
) -> None:
    archive = Archive(stage.database_url)
    there_before = await archive.count()
    async with (
        Web([api.url for api in stage.apis], random.Random(f"{seed}/web")) as web,
        findings.claims.being_noted(stage.database_url),
    ):
        quiet = Crowd(seed + 1_000_000, size.calm_load, web, archive, stage.model)
        await busy_for(quiet, asyncio.sleep(size.calm_seconds))
        findings.calm_outcomes = quiet.outcomes
        # After the same load: pools of connections have grown to what it needs.
        findings.before = await asyncio.to_thread(take_census, stage)
        crowd = Crowd(seed, size.load, web, archive, stage.model)
        ends_at = time.monotonic() + size.chaos_seconds
        findings.struck = await busy_for(
            crowd, strike_all(stage, seed, kinds, ends_at, brisk=size.brisk)
        )
        findings.outcomes = crowd.outcomes
        findings.replies = dict(web.replies)
    findings.problems += [problem for one in findings.struck for problem in one.problems]
    asked = sum(one.response_id is not None for one in findings.all_outcomes)
    if (stored := await archive.count() - there_before - findings.before.answers) != asked:
        findings.problems.append(f"{asked} answers were asked for, {stored} are in the ledger")
    await archive.close()


async def busy_for(crowd: Crowd, work: Any) -> Any:
    """Keep the crowd asking until the work is done, then let its answers end."""
    enough = asyncio.Event()
    busy = asyncio.create_task(crowd.keep_busy(enough))
    try:
        result = await work
    finally:
        enough.set()
        await busy
    return result


def calm(load: Load) -> Load:
    """Give the load of the time before the faults, with many stops and faults of the model."""
    return replace(load, model_fault_share=0.5, stop_share=0.5, slow_share=0)
