"""What a run's findings come to: one row for each kind of fault."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from bench.figures import percentile
from bench.scripted_model.journal import Call
from tests.chaos.crowd import Outcome
from tests.chaos.director import Struck
from tests.chaos.plans import MODEL_FAULTS, ViewerKind
from tests.chaos.run import Findings

_STALL = "stall"


@dataclass(frozen=True)
class Figures:
    """Seconds: how many were measured, and what they come to."""

    n: int
    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Figures | None":
        """Sum up; None of nothing."""
        if not seconds:
            return None
        p50, p99 = (round(percentile(seconds, share), 3) for share in (0.5, 0.99))
        return cls(len(seconds), p50, p99, round(max(seconds), 3))


@dataclass(frozen=True)
class Row:
    """One kind of fault."""

    kind: str
    faults: int
    answers: int
    """Answers that ran while it was there, or to which it was done."""
    lost: int
    doubled: int
    wrong: int
    hung: int
    notice: Figures | None = None
    """From the fault until the next attempt was claimed in the ledger."""
    silence: Figures | None = None
    """The longest pause between two tokens of an answer after the fault."""
    stop: Figures | None = None
    """From the request to stop until the model's connection was closed."""


def rows_of(findings: Findings, calls: Iterable[Call]) -> list[Row]:
    """Give all rows: faults of processes, of the model, of viewers; and the stops."""
    return [*_struck_rows(findings), *_model_rows(findings, calls), *_viewer_rows(findings)]


def stop_rows(findings: Findings) -> list[Row]:
    """Give the rows of requests to stop, without and with other faults at the time."""
    return [
        _stop_row(
            "stop: nothing else at the time",
            [one for one in findings.calm_outcomes if one.plan.model_fault is None],
        ),
        _stop_row("stop: among all other faults", findings.outcomes),
    ]


def total_of(findings: Findings, rows: Sequence[Row]) -> Row:
    """Give the sum: each answer counts once."""
    return _row("all", sum(row.faults for row in rows), findings.all_outcomes)


def longest_pauses(findings: Findings, most: int = 20) -> list[dict[str, Any]]:
    """Give the longest pauses of all answers, with what had been struck before, to look into."""
    clock = time.time() - time.monotonic()
    found = []
    for outcome in findings.all_outcomes:
        pauses = [
            (later - earlier, place, earlier)
            for place, (earlier, later) in enumerate(pairwise(outcome.token_times))
        ]
        if pauses:
            seconds, place, began = max(pauses)
            before = [one.kind.name for one in findings.struck if one.at < began + seconds]
            found.append(
                {
                    "seconds": round(seconds, 2),
                    "response": outcome.response_id,
                    "script": outcome.plan.script.id,
                    "after_tokens": place + 1,
                    "began": datetime.fromtimestamp(clock + began).time().isoformat(),
                    "struck": before[-2:],
                }
            )
    return sorted(found, key=lambda pause: -float(str(pause["seconds"])))[:most]


def _struck_rows(findings: Findings) -> list[Row]:
    kinds = {one.kind.name: one.kind for one in findings.struck}
    return [
        _struck_row(findings, [one for one in findings.struck if one.kind.name == name])
        for name in sorted(kinds, key=[one.kind.name for one in findings.struck].index)
    ]


def _struck_row(findings: Findings, struck: Sequence[Struck]) -> Row:
    answers: dict[int, Outcome] = {}
    notices: list[float] = []
    silences: list[float] = []
    for one in struck:
        for outcome in findings.outcomes:
            if not _ran_during(outcome, one):
                continue
            answers[outcome.plan.number] = outcome
            notice = findings.claims.notice(outcome.response_id or "", one.at, one.until)
            if notice is not None:
                notices.append(notice)
            counts = notice is not None or one.kind.counts == "all"
            if counts and outcome.plan.model_fault is None:
                silences += _silence(outcome.token_times, one)
    return _row(
        struck[0].kind.name,
        len(struck),
        answers.values(),
        notice=Figures.of(notices),
        silence=Figures.of(silences),
    )


def _ran_during(outcome: Outcome, struck: Struck) -> bool:
    ended = outcome.ended_at if outcome.ended_at is not None else float("inf")
    return outcome.asked_at < struck.until and ended > struck.at


def _silence(times: Sequence[float], struck: Struck) -> list[float]:
    """Give the longest pause that a running answer made after a fault, if it ran."""
    if not times or times[0] > struck.at:
        return []
    pauses = [
        later - max(earlier, struck.at)
        for earlier, later in pairwise(times)
        if later > struck.at and earlier < struck.until
    ]
    return [max(pauses)] if pauses else []


def _model_rows(findings: Findings, calls: Iterable[Call]) -> list[Row]:
    by_script = {one.plan.script.id: one for one in findings.all_outcomes}
    met: dict[str, set[str]] = {kind: set() for kind in MODEL_FAULTS}
    for call in calls:
        name = call.question.partition("id=")[2].partition(" ")[0].rstrip("]")
        outcome = by_script.get(name)
        if outcome is None or (kind := outcome.plan.model_fault) is None:
            continue
        if call.end == "fault" or (kind == _STALL and call.end == "client_closed"):
            met[kind].add(name)
    calm = {
        one.plan.script.id for one in findings.calm_outcomes if one.plan.stop_after_events is None
    }
    rows = []
    for kind, names in met.items():
        pauses = [_longest_pause(by_script[name]) for name in names & calm]
        rows.append(
            _row(
                f"model: {kind}",
                len(names),
                [by_script[name] for name in names],
                silence=Figures.of(pauses),
            )
        )
    return [row for row in rows if row.faults]


def _longest_pause(outcome: Outcome) -> float:
    times = outcome.token_times
    pauses = (later - earlier for earlier, later in pairwise(times))
    return max(pauses, default=0.0)


def _viewer_rows(findings: Findings) -> list[Row]:
    counts: dict[ViewerKind, Callable[[Outcome], int]] = {
        ViewerKind.CUT: lambda outcome: outcome.cuts,
        ViewerKind.LATE: lambda _: 1,
        ViewerKind.SLOW: lambda _: 1,
    }
    names = {
        ViewerKind.CUT: "viewer: connection cut, resumed by cursor",
        ViewerKind.LATE: "viewer: comes in the middle, from the start",
        ViewerKind.SLOW: "viewer: reads slower than the answer is made",
    }
    rows = []
    for kind, count in counts.items():
        seen = [one for one in findings.all_outcomes if kind in one.plan.viewers]
        rows.append(_row(names[kind], sum(map(count, seen)), seen))
    return [row for row in rows if row.faults]


def _stop_row(name: str, outcomes: Sequence[Outcome]) -> Row:
    stopped = [one for one in outcomes if one.plan.stop_after_events is not None]
    seconds = [one.stop_seconds for one in stopped if one.stop_seconds is not None]
    return _row(name, len(seconds), stopped, stop=Figures.of(seconds))


def _row(
    kind: str,
    faults: int,
    outcomes: Iterable[Outcome],
    *,
    notice: Figures | None = None,
    silence: Figures | None = None,
    stop: Figures | None = None,
) -> Row:
    counted = list(outcomes)
    return Row(
        kind=kind,
        faults=faults,
        answers=len(counted),
        lost=sum(one.lost for one in counted),
        doubled=sum(one.doubled for one in counted),
        wrong=sum(bool(one.wrong) for one in counted),
        hung=sum(one.hung for one in counted),
        notice=notice,
        silence=silence,
        stop=stop,
    )
