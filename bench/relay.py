"""What it costs to relay a frame: ours beside two others, and with ever more viewers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis import Redis

from bench.answers import StandingAnswer
from bench.contestants import Contestant, contestant
from bench.figures import net_of_idle, percentile
from millstream_contract.ledger import Ledger, open_pool
from tests.harness.stack import Backends

_ROOT: Final = Path(__file__).parent.parent
_OURS: Final = "millstream"
_OTHERS: Final = ("redis_per_viewer", "starlette_shared")


@dataclass(frozen=True)
class Shape:
    """So many viewers share so many answers, each of ``rate`` tokens a second.

    idle_seconds: how long the relay is watched before, with nothing to do; a reaper compares board
    and ledger every 5 s.
    """

    viewers: int
    answers: int
    rate: float
    seconds: float
    idle_seconds: float = 5.0


_COMPARED: Final = Shape(viewers=300, answers=1, rate=20, seconds=5)
_GROWTH: Final = (10, 100, 500, 1000, 2000)
_APART: Final = Shape(viewers=100, answers=100, rate=10, seconds=4)
_FIFTY: Final = Shape(viewers=1000, answers=50, rate=10, seconds=4)


def measure(backends: Backends, most_viewers: int) -> dict[str, Any]:
    """Return the cost of a frame, by relay and by number of viewers."""
    with _ledger(backends) as ledger, Redis.from_url(backends.redis_url) as redis:
        one = {name: _alone(name, backends, ledger, redis, _COMPARED) for name in (_OURS, *_OTHERS)}
        counts = [count for count in _GROWTH if count <= most_viewers]
        grown = [
            # Few viewers of a slow answer would be lost in what an idle process takes.
            _alone(_OURS, backends, ledger, redis, Shape(count, 1, max(10, 2000 / count), 4))
            for count in counts
        ]
        spread = [_alone(_OURS, backends, ledger, redis, shape) for shape in (_APART, _FIFTY)]
    ours = one[_OURS]["cpu_us_per_frame"]
    for figures in one.values():
        figures["cpu_against_ours"] = round(figures["cpu_us_per_frame"] / ours, 2)
    return {"side_by_side": one, "growth_with_viewers": grown, "many_answers": spread}


def _alone(
    name: str, backends: Backends, ledger: Ledger, redis: Redis, shape: Shape
) -> dict[str, Any]:
    with contestant(name, backends) as relay:
        return run(relay, ledger, redis, shape)


def run(relay: Contestant, ledger: Ledger, redis: Redis, shape: Shape) -> dict[str, Any]:
    """Let a crowd watch, and return what that took of the relay."""
    answers = [StandingAnswer(ledger, redis, "local") for _ in range(shape.answers)]
    # The first viewers load what is loaded once.
    with _crowd(relay, [relay.path(answers[0])] * 5):
        answers[0].say()
        time.sleep(0.3)
    time.sleep(0.3)
    before = relay.memory_bytes()
    paths = [relay.path(answers[number % shape.answers]) for number in range(shape.viewers)]
    with _crowd(relay, paths) as crowd:
        opened = relay.memory_bytes()
        idle_share = _idle_share(relay, shape.idle_seconds)
        cpu, wall = relay.cpu_seconds(), time.monotonic()
        said = _say(answers, shape)
        time.sleep(0.3)
        cpu, wall = relay.cpu_seconds() - cpu, time.monotonic() - wall
        due = said * shape.viewers // shape.answers
        seen = _ask(crowd, due)
    net = net_of_idle(cpu, wall, idle_share)
    for answer in answers:
        answer.end()
    delays = seen["delays_ms"]
    return {
        "viewers": shape.viewers,
        "answers": shape.answers,
        "tokens_per_second_of_each": shape.rate,
        "frames_due": due,
        "frames_seen": seen["frames"],
        "cpu_us_per_frame": round(net / due * 1e6, 1),
        "frames_per_second_of_one_core": round(due / net) if net else None,
        "cpu_share": round(cpu / wall, 3),
        "cpu_share_idle": round(idle_share, 3),
        "delay_ms_p50": round(percentile(delays, 0.5), 2),
        "delay_ms_p99": round(percentile(delays, 0.99), 2),
        "kib_per_viewer": round((opened - before) / 1024 / shape.viewers, 1),
    }


def _idle_share(relay: Contestant, seconds: float) -> float:
    """Return the share of a core that it takes with its viewers open, and nothing to relay."""
    time.sleep(0.3)
    cpu, wall = relay.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (relay.cpu_seconds() - cpu) / (time.monotonic() - wall)


def _say(answers: Sequence[StandingAnswer], shape: Shape) -> int:
    """Say tokens at their times; return how many."""
    count = int(shape.seconds * shape.rate) * len(answers)
    pause = 1 / (shape.rate * len(answers))
    due = time.monotonic()
    for number in range(count):
        answers[number % len(answers)].say()
        due += pause
        time.sleep(max(0.0, due - time.monotonic()))
    return count


@contextmanager
def _crowd(relay: Contestant, paths: list[str]) -> Iterator["subprocess.Popen[str]"]:
    argv = [sys.executable, "-m", "bench.crowd", "127.0.0.1", str(relay.port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, cwd=_ROOT) as crowd:
        assert crowd.stdin is not None
        assert crowd.stdout is not None
        try:
            crowd.stdin.write(json.dumps(paths) + "\n")
            crowd.stdin.flush()
            silent = json.loads(crowd.stdout.readline())["silent"]
            assert silent == 0, f"{silent} of {len(paths)} viewers of {relay.name} see nothing"
            yield crowd
        finally:
            crowd.kill()


def _ask(crowd: "subprocess.Popen[str]", due: int) -> dict[str, Any]:
    """Return what the crowd saw, once it has seen all the frames that are due to it."""
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    crowd.stdin.write(f"{due}\n")
    crowd.stdin.flush()
    seen: dict[str, Any] = json.loads(crowd.stdout.readline())
    return seen


@contextmanager
def _ledger(backends: Backends) -> Iterator[Ledger]:
    with open_pool(backends.database_url, size=2) as pool:
        yield Ledger.of(pool)
