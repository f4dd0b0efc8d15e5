"""Growth with the length of an answer: what tokens cost, how late they come, what the end takes.

Each answer goes the whole way, to one viewer, and is held by the model before its last token: then
nothing else happens, and what its tokens took is known apart from what its end takes.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from redis import Redis

from bench.figures import percentile
from bench.meter import Meter, Processor
from bench.scripted_model.script import Script
from bench.stream_client import Seen, asking, reloading
from millstream_contract.frames import split_frames
from millstream_contract.keys import log_key
from millstream_contract.ledger import Ledger, open_pool
from tests.harness.stack import Stack

LENGTHS: Final = (100, 1_000, 5_000, 20_000)
_RATE: Final = 500.0
_BASE: Final = 20
"""Tokens of an answer that shows what an answer has beside its tokens."""

_MOST_ANSWERS: Final = 10
_ENOUGH_TOKENS: Final = 2_000
_RELOADS: Final = 3
_CITED_EVERY: Final = 40


@dataclass(frozen=True, slots=True)
class Reload:
    """Reading all there is of an answer, from its first event.

    ms: until it is there. took: what of that the parts took.
    """

    ms: float
    took: Processor


@dataclass(frozen=True, slots=True)
class Watched:
    """One answer, watched to its end.

    measured_tokens: those of ``streaming``; appends: in which they came. delays_ms: from the
    model's socket to the viewer, in the order of the tokens. log_bytes, worker_bytes: memory of its
    log in Redis, and what the worker had more of than before it, with all tokens but one there.
    ending_ms: from the last token to the end of the stream. stream_bytes, final_bytes: of all
    frames, and of the last one.
    """

    measured_tokens: int
    appends: int
    streaming: Processor
    delays_ms: Sequence[float]
    log_bytes: int
    worker_bytes: int
    ending_ms: float
    ending: Processor
    from_log: Sequence[Reload]
    from_ledger: Sequence[Reload]
    stream_bytes: int
    final_bytes: int


def measure(stack: Stack, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Return the figures of each length."""
    with (
        Redis.from_url(stack.backends.redis_url) as redis,
        open_pool(stack.backends.database_url, size=1) as pool,
    ):
        watcher = _Watcher(stack, redis, Ledger.of(pool), Meter(stack, redis))
        base = watcher.watch(_BASE)
        figures = [
            figures_of(length, [watcher.watch(length) for _ in range(_times(length))], base)
            for length in lengths
        ]
    return {"tokens_per_second": _RATE, "lengths": figures}


def figures_of(length: int, answers: Sequence[Watched], base: Watched) -> dict[str, Any]:
    """Return what answers of one length come to.

    base: a short one, which tells how much of a log are not tokens.
    """
    tokens = sum(one.measured_tokens for one in answers)
    early, late = zip(*(first_and_last_tenth(one.delays_ms) for one in answers), strict=True)
    log_bytes = statistics.fmean(one.log_bytes for one in answers) - base.log_bytes
    return {
        "tokens": length,
        "answers": len(answers),
        "tokens_per_append": round(tokens / sum(one.appends for one in answers), 2),
        **{
            f"{part}_us_per_token": round(_sum(part, [a.streaming for a in answers]) / tokens, 1)
            for part in ("worker", "api", "redis")
        },
        "delay_ms_p50_first_tenth": _median_of(early),
        "delay_ms_p50_last_tenth": _median_of(late),
        "log_bytes_per_token": round(log_bytes / (length - _BASE)),
        "worker_mib": round(statistics.fmean(one.worker_bytes for one in answers) / 2**20, 1),
        "stream_kib": round(answers[0].stream_bytes / 1024, 1),
        "final_event_kib": round(answers[0].final_bytes / 1024, 1),
        "ending_ms": round(statistics.median(one.ending_ms for one in answers), 1),
        **{
            f"ending_{part}_ms": _mean_ms(part, [one.ending for one in answers])
            for part in ("worker", "api", "redis")
        },
        "reload_from_log": _reloads([each for one in answers for each in one.from_log]),
        "reload_from_ledger": _reloads([each for one in answers for each in one.from_ledger]),
    }


def first_and_last_tenth(values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """Return the first and the last tenth of values; at least one value each."""
    tenth = max(1, len(values) // 10)
    return values[:tenth], values[-tenth:]


def _times(length: int) -> int:
    """Return how many answers of a length are watched: short ones have few tokens."""
    return min(_MOST_ANSWERS, max(1, _ENOUGH_TOKENS // length))


def _sum(part: str, took: Sequence[Processor]) -> float:
    """Return microseconds."""
    return sum(one[part] for one in took) * 1e6


def _mean_ms(part: str, took: Sequence[Processor]) -> float:
    return round(_sum(part, took) / len(took) / 1000, 1)


def _median_of(tenths: Sequence[Sequence[float]]) -> float:
    return round(percentile([value for tenth in tenths for value in tenth], 0.5), 2)


def _reloads(reloads: Sequence[Reload]) -> dict[str, float]:
    took = [reload.took for reload in reloads]
    return {
        "ms": round(statistics.median(reload.ms for reload in reloads), 1),
        "api_ms": _mean_ms("api", took),
        "redis_ms": _mean_ms("redis", took),
    }


@dataclass(frozen=True, slots=True)
class _Watcher:
    stack: Stack
    redis: Redis
    ledger: Ledger
    meter: Meter

    def watch(self, length: int) -> Watched:
        """Have an answer of so many tokens made, and watch it."""
        script = self._script(length)
        worker_bytes = self.meter.worker_bytes()
        question = f"What is a log? {script.directive()}"
        viewer = asking(self.stack.api_url, question, max_output_tokens=length)
        begun_behind = len(_until(viewer, 1).deltas_at)
        begun, published = self.meter.read(), self._published()
        seen = _until(viewer, length - 1)
        held, published = self.meter.read(), self._published() - published
        log_bytes = cast(int, self.redis.memory_usage(log_key(seen.response_id), samples=0))
        worker_bytes = self.meter.worker_bytes() - worker_bytes
        from_log = [self._reload(seen.response_id, length - 1) for _ in range(_RELOADS)]
        before_end = self.meter.read()
        self.stack.model.open_gate(script.id)
        for _ in viewer:
            continue
        # What is still being put away counts, too.
        time.sleep(0.3)
        ending = self.meter.since(before_end)
        frames = list(
            split_frames(self.ledger.viewing.logs([seen.response_id])[seen.response_id] or b"")
        )
        return Watched(
            measured_tokens=length - 1 - begun_behind,
            appends=published,
            streaming=self.meter.since(begun, held),
            delays_ms=self._delays(script, seen)[:-1],
            log_bytes=log_bytes,
            worker_bytes=worker_bytes,
            ending_ms=(seen.ended_at - seen.deltas_at[-1]) / 1000,
            ending=ending,
            from_log=from_log,
            from_ledger=[self._reload(seen.response_id) for _ in range(_RELOADS)],
            stream_bytes=sum(len(frame.data) for frame in frames),
            final_bytes=len(frames[-1].data),
        )

    def _published(self) -> int:
        """Return how often Redis has published: once for each append."""
        return int(self.redis.info("commandstats")["cmdstat_publish"]["calls"])

    def _script(self, length: int) -> Script:
        """Return a script of tokens of one size, some of which cite."""
        tokens = [
            " [1]" if number % _CITED_EVERY == _CITED_EVERY - 1 else f" w{number:05}"
            for number in range(length)
        ]
        script = Script(name=f"length-{length}", rate=_RATE, timed=True)
        self.stack.model.script(f"length-{length}", tokens)
        return replace(script, gate=(script.id, length - 1))

    def _reload(self, response_id: str, tokens: int | None = None) -> Reload:
        """View an answer again, until so many tokens have come, or to its end."""
        before = self.meter.read()
        with closing(reloading(self.stack.api_url, response_id)) as viewer:
            seen = _until(viewer, tokens) if tokens else [*viewer][-1]
            return Reload((seen.ended_at - seen.asked_at) / 1000, self.meter.since(before))

    def _delays(self, script: Script, seen: Seen) -> list[float]:
        (call,) = self.stack.model.streams(script.id)
        sent_at = call.sent_at or []
        return [(read - sent) / 1000 for sent, read in zip(sent_at, seen.deltas_at, strict=True)]


def _until(viewer: Iterator[Seen], tokens: int) -> Seen:
    """View until so many tokens have come."""
    for seen in viewer:
        if len(seen.deltas_at) >= tokens:
            return seen
    raise AssertionError(f"the stream ended before token {tokens}")
