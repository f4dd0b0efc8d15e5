"""What runs come to: figures per pattern, per step of the ramp, and where it bends. Pure."""

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any

from bench.figures import percentile, summary
from bench.load.record import Record
from bench.load.running import Run
from bench.load.watch import Heard, Sample

_WARM_SECONDS = 4.0
"""Left out at the beginning of a window: the users have just come."""

_BENT_FIRST_TOKEN_MS = 1000.0
_BENT_DELAY_MS = 250.0
_BENT_PACE = 0.9

_STAGES = ("queue_ms", "retrieve_ms", "grade_ms", "model_first_token_ms", "first_token_ms")


def pattern_figures(run: Run, rate: float) -> dict[str, Any]:
    """Return the figures of one pattern, as JSON objects."""
    asked = [one for one in run.records if one.kind != "viewer"]
    begun, until = _window(run)
    return {
        "name": run.pattern.name,
        "title": run.pattern.title,
        "load_before": round(run.load_before, 2),
        "answers": len(asked),
        "viewings": len(run.records),
        "kinds": {kind: _kind(run.records, kind) for kind in _kinds(run.records)},
        **_promises(run.records),
        **_speed(run, asked, begun, until),
        "steps": step_figures(run, rate),
        "series": series(run),
    }


def step_figures(run: Run, rate: float) -> list[dict[str, Any]]:
    """Return the figures of each step, if the pattern has steps of growing numbers of users."""
    if run.pattern.shape != "ramp" or not run.records:
        return []
    begun, length = _first(run.records), run.pattern.step_seconds
    warm = min(_WARM_SECONDS, length / 2)
    found = []
    for place, users in enumerate(run.pattern.steps):
        since, until = begun + place * length + warm, begun + (place + 1) * length
        asked = [one for one in run.records if since <= one.asked_at < until]
        speed = _speed(run, asked, since, until)
        pace = speed["tokens_per_second"] / (users * rate)
        found.append(
            {
                "users": users,
                "viewings": len(asked),
                "pace": round(pace, 3),
                **_promises(asked),
                **speed,
            }
        )
    return found


def knee(steps: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the first step that is bent, and by which sign; None when none is."""
    for step in steps:
        signs = [
            f"{name} {value:g}"
            for name, value, is_bent in (
                ("first token p95 (ms)", _p95(step["first_token_ms"]), _over(_BENT_FIRST_TOKEN_MS)),
                ("token delay p95 (ms)", _p95(step["delay_ms"]), _over(_BENT_DELAY_MS)),
                ("share of the full pace", step["pace"], lambda pace: pace < _BENT_PACE),
            )
            if value is not None and is_bent(value)
        ]
        if signs:
            return {"users": step["users"], "signs": signs}
    return None


def series(run: Run) -> list[dict[str, Any]]:
    """Return what was the case second by second: answers queued and running, tokens, CPU."""
    if not run.records:
        return []
    begun = _first(run.records)
    tokens = [at for one in run.records for at in one.token_times]
    found = []
    for sample in run.samples:
        second = sample.at - begun
        if second < 0:
            continue
        found.append(
            {
                "second": round(second, 1),
                "queued": sample.queued,
                "running": sample.running,
                "tokens": sum(sample.at - 1 <= at < sample.at for at in tokens),
                "machine_cores": sample.machine_cores,
            }
        )
    return found


def _window(run: Run) -> tuple[float, float]:
    begun = _first(run.records) if run.records else run.begun_at
    if run.pattern.shape == "burst":
        return begun, run.ended_at
    lasts = run.pattern.seconds or run.pattern.step_seconds * len(run.pattern.steps)
    return begun + min(_WARM_SECONDS, lasts / 2), begun + lasts


def _speed(run: Run, asked: Sequence[Record], since: float, until: float) -> dict[str, Any]:
    samples = [one for one in run.samples if since < one.at - 0.5 <= until]
    everyone = [one for one in run.records if one.kind != "viewer"]
    tokens = sum(since <= at < until for one in everyone for at in one.token_times)
    delays = [delay for one in asked for delay in one.delays_ms]
    return {
        "first_token_ms": _summary(
            (one.first_token_at - one.asked_at) * 1000 for one in asked if one.first_token_at
        ),
        "accepted_ms": _summary(
            (one.accepted_at - one.asked_at) * 1000 for one in asked if one.accepted_at
        ),
        "delay_ms": _summary(delays),
        "tokens_per_second": round(tokens / (until - since), 1),
        "stages": {stage: _summary(_told(asked, stage)) for stage in _STAGES},
        **_split(run.heard, asked),
        **_machine(samples),
    }


def _kind(records: Sequence[Record], kind: str) -> dict[str, Any]:
    ours = [one for one in records if one.kind == kind]
    return {
        "viewings": len(ours),
        "connections": sum(one.connections for one in ours),
        "tokens": sum(one.tokens for one in ours),
        "delay_ms": _summary(delay for one in ours for delay in one.delays_ms),
        "opened_ms": _summary(
            (one.accepted_at - one.asked_at) * 1000 for one in ours if one.accepted_at
        ),
    }


def _kinds(records: Iterable[Record]) -> list[str]:
    return sorted({one.kind for one in records})


def _promises(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "lost": sum(one.lost for one in records),
        "doubled": sum(one.doubled for one in records),
        "wrong": sum(bool(one.wrong) for one in records),
        "hung": sum(one.hung for one in records),
        "refused": sum(one.refused for one in records),
        "started_over": sum(one.resets for one in records),
        "problems": sorted({text for one in records for text in one.wrong})[:10],
    }


def _split(heard: Sequence[Heard], asked: Sequence[Record]) -> dict[str, Any]:
    """Part the way of a token: until it is published, and from there to the viewer."""
    moments: dict[str, list[Heard]] = {}
    for one in heard:
        moments.setdefault(one.response_id, []).append(one)
    to_publish, to_viewer = [], []
    for record in asked:
        if not record.delays_ms or record.response_id not in moments:
            continue
        published = {
            one.number + more: one.at
            for one in moments[record.response_id]
            for more in range(one.frames)
        }
        pairs = zip(record.token_times, record.delays_ms, strict=True)
        for number, (seen, delay) in enumerate(pairs, record.first_token_number):
            if number in published:
                from_publishing = (seen - published[number]) * 1000
                to_viewer.append(from_publishing)
                to_publish.append(delay - from_publishing)
    return {"to_publish_ms": _summary(to_publish), "to_viewer_ms": _summary(to_viewer)}


def _machine(samples: Sequence[Sample]) -> dict[str, Any]:
    names = sorted({name for one in samples for name in one.cores})
    known = [one.running for one in samples if one.running is not None]
    waiting = [one.queued for one in samples if one.queued is not None]
    return {
        "cores": {name: _mean(one.cores.get(name, 0.0) for one in samples) for name in names},
        "machine_cores": _mean(one.machine_cores for one in samples),
        "other_cores": _mean(one.other_cores for one in samples),
        "memory_mib": {
            name: max(one.memory_mib.get(name, 0.0) for one in samples) for name in names
        },
        "running": _mean(known),
        "most_queued": max(waiting, default=None),
    }


def _told(records: Sequence[Record], stage: str) -> Iterable[float]:
    return (value for one in records if (value := one.timings.get(stage)) is not None)


def _summary(values: Iterable[float]) -> dict[str, float] | None:
    found = list(values)
    return {**summary(found), "p99": round(percentile(found, 0.99), 2)} if found else None


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(fmean(found), 3) if found else None


def _first(records: Sequence[Record]) -> float:
    return min(one.asked_at for one in records)


def _p95(figures: dict[str, float] | None) -> float | None:
    return figures["p95"] if figures else None


def _over(limit: float) -> Callable[[float], bool]:
    return lambda value: value > limit
