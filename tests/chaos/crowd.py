"""The load: a steady number of answers at a time, each asked, watched, stopped and checked."""

import asyncio
import time
from dataclasses import dataclass, field

from bench.scripted_model.client import ModelControl
from tests.chaos.archive import Archive, Stored
from tests.chaos.plans import AnswerPlan, Load, ViewerKind, plan_answer
from tests.chaos.viewer import Viewer
from tests.chaos.web import AWAY, Web
from tests.harness.deadlines import scaled

_ANSWER_SECONDS = 60.0
_RETRY_SECONDS = 0.1


@dataclass
class Outcome:
    """What came of one answer. Times in seconds of time.monotonic."""

    plan: AnswerPlan
    asked_at: float
    response_id: str | None = None
    ended_at: float | None = None
    """When all its viewers had seen the end, or the deadline had passed."""
    hung: bool = False
    status: str | None = None
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    resets: int = 0
    jumps: int = 0
    cuts: int = 0
    token_times: list[float] = field(default_factory=list)
    """When the pieces of text came to the viewer that was there from the beginning."""
    stop_seconds: float | None = None
    """From the request to stop until the model's connection was closed; None: it had ended."""

    @property
    def faultless(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.wrong or self.hung)


class Crowd:
    """Asks and watches."""

    def __init__(
        self,
        seed: int,
        load: Load,
        web: Web,
        archive: Archive,
        model: ModelControl,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        """Use these; an answer whose viewers have not all seen its end after that long hangs."""
        self.outcomes: list[Outcome] = []
        """All answers that were asked for, those that go on included."""
        self._seed = seed
        self._load = load
        self._web = web
        self._archive = archive
        self._model = model
        self._answer_seconds = answer_seconds
        self._number = 0

    async def keep_busy(self, enough: asyncio.Event) -> None:
        """Keep as many answers going as the load says; when it is enough, let them all end."""
        await asyncio.gather(
            *(self._one_after_another(enough) for _ in range(self._load.concurrent))
        )

    async def answer(self, plan: AnswerPlan) -> Outcome:
        """Ask, watch and check one answer."""
        outcome = Outcome(plan, time.monotonic())
        self.outcomes.append(outcome)
        viewers = [Viewer(plan, kind, self._seed, self._web) for kind in plan.viewers]
        try:
            async with asyncio.timeout(scaled(self._answer_seconds)):
                await self._ask_and_watch(outcome, viewers)
        except TimeoutError:
            outcome.hung = True
        outcome.ended_at = time.monotonic()
        await self._check(outcome, viewers)
        return outcome

    async def _one_after_another(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            self._number += 1
            await self.answer(plan_answer(self._seed, self._number, self._load))

    async def _ask_and_watch(self, outcome: Outcome, viewers: list[Viewer]) -> None:
        first, *others = viewers
        outcome.response_id = await self._ask(outcome.plan, first)
        stopping = asyncio.create_task(self._stop_when_due(outcome, first))
        try:
            async with asyncio.TaskGroup() as watching:
                watching.create_task(first.watch(outcome.response_id))
                for viewer in others:
                    watching.create_task(self._join(viewer, outcome, first))
            await stopping
        finally:
            stopping.cancel()

    async def _ask(self, plan: AnswerPlan, first: Viewer) -> str:
        """Ask until it is accepted, under one key; give the response's id."""
        key = plan.script.id
        body: dict[str, object] = {"input": plan.question, "background": True}
        while True:
            try:
                if plan.streamed:
                    await first.ask({**body, "stream": True}, key)
                    if first.witness.response_id:
                        return first.witness.response_id
                elif told := await self._web.post(
                    "/v1/responses", json=body, headers={"Idempotency-Key": key}
                ):
                    return str(told["id"])
            except AWAY:
                if first.witness.response_id:
                    return first.witness.response_id
            await asyncio.sleep(_RETRY_SECONDS)

    async def _join(self, viewer: Viewer, outcome: Outcome, first: Viewer) -> None:
        if viewer.kind is ViewerKind.LATE:
            await first.has_seen(outcome.plan.script.tokens // 2)
        assert outcome.response_id is not None
        await viewer.watch(outcome.response_id)

    async def _stop_when_due(self, outcome: Outcome, first: Viewer) -> None:
        due, path = outcome.plan.stop_after_events, f"/v1/responses/{outcome.response_id}/cancel"
        if due is None or not await first.has_seen(due):
            return
        asked_at = time.monotonic()
        while True:
            try:
                if await self._web.post(path) is not None:
                    break
            except AWAY:
                pass
            await asyncio.sleep(_RETRY_SECONDS)
        outcome.stop_seconds = await self._closed_after(outcome, asked_at)

    async def _closed_after(self, outcome: Outcome, asked_at: float) -> float | None:
        calls = await asyncio.to_thread(self._model.streams, outcome.plan.script.id)
        closed = [
            call.ended_at / 1e6 - asked_at
            for call in calls
            if call.end == "client_closed" and call.ended_at and call.ended_at / 1e6 > asked_at
        ]
        return max(closed, default=None)

    async def _check(self, outcome: Outcome, viewers: list[Viewer]) -> None:
        outcome.token_times = viewers[0].witness.token_times
        if outcome.response_id is not None:
            stored = await self._archive.stored(outcome.response_id, outcome.plan.text)
            outcome.status = stored.status
            outcome.wrong += _problems(outcome.plan, stored)
            for viewer in viewers:
                viewer.witness.compare(stored.stream)
        for viewer in viewers:
            witness = viewer.witness
            outcome.lost += witness.lost
            outcome.doubled += witness.doubled
            outcome.wrong += [f"{viewer.kind} viewer: {text}" for text in witness.wrong]
            outcome.resets = max(outcome.resets, witness.resets)
            outcome.jumps = max(outcome.jumps, witness.jumps)
            outcome.cuts += viewer.cuts


def _problems(plan: AnswerPlan, stored: Stored) -> list[str]:
    stream = stored.stream
    problems = [f"stored stream: {text}" for text in stream.wrong]
    if stream.lost or stream.doubled:
        problems.append(f"the stored stream lacks {stream.lost}, repeats {stream.doubled} events")
    if stream.ended and stored.text != stream.text:
        problems.append("the stored text is not the one of the stored stream")
    allowed = {"completed"} if plan.stop_after_events is None else {"completed", "cancelled"}
    if stored.status not in allowed:
        problems.append(f"it ended as {stored.status} ({stored.error})")
    return problems
