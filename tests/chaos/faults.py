"""What is done to the processes, the servers and the network between them.

A strike is one function: it breaks something and gives the repair, which the director calls after
the fault's own time. Repairs of processes start new ones, as a supervisor does.
"""

import os
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from tests.chaos.stage import ApiSlot, Stage, WorkerSlot
from tests.harness.refusals import (
    ENDLESS_SCRIPT,
    FAILED_SNAPSHOT,
    FULL_MEMORY,
    READ_ONLY,
    Refusal,
)

Repair = Callable[[], None]
Strike = Callable[[Stage, random.Random], Repair]


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault. lasts: least and most seconds until the repair.

    counts: whose silences count: "overtaken" answers, which go on as another attempt, or "all" that
    run.
    """

    name: str
    strike: Strike
    lasts: tuple[float, float]
    counts: str = "all"


def _busy(stage: Stage, chance: random.Random, slots: Sequence[WorkerSlot]) -> WorkerSlot:
    """Give one of these workers that has a request to the model open, if any has."""
    busy = [slot for slot in slots if _asks_the_model(stage, slot)]
    return chance.choice(busy or list(slots))


def _asks_the_model(stage: Stage, slot: WorkerSlot) -> bool:
    connections = psutil.Process(slot.running.pid).net_connections("tcp")
    return any(one.raddr and one.raddr.port == stage.model.port for one in connections)


def _kill_worker(stage: Stage, chance: random.Random) -> Repair:
    slot = _busy(stage, chance, stage.workers)
    slot.running.kill()
    return lambda: stage.launch_worker(slot)


def _kill_all_workers(stage: Stage, _: random.Random) -> Repair:
    for slot in stage.workers:
        slot.running.signal(signal.SIGKILL)
    for slot in stage.workers:
        slot.running.wait_for_exit()

    def repair() -> None:
        for slot in stage.workers:
            stage.launch_worker(slot)

    return repair


def _pause_worker(stage: Stage, chance: random.Random) -> Repair:
    worker = _busy(stage, chance, stage.workers).running
    worker.signal(signal.SIGSTOP)
    return lambda: worker.signal(signal.SIGCONT)


def _drain_worker(*, patient: bool) -> Strike:
    def strike(stage: Stage, chance: random.Random) -> Repair:
        slot = _busy(stage, chance, [one for one in stage.workers if one.patient is patient])
        slot.running.signal(signal.SIGTERM)
        return lambda: _replace(stage, slot)

    return strike


def _replace(stage: Stage, slot: WorkerSlot) -> None:
    code = slot.running.wait_for_exit()
    assert code == 0, f"{slot.name} ended with {code} on SIGTERM:\n{slot.running.printed[-4000:]}"
    stage.launch_worker(slot)


def _kill_api(stage: Stage, chance: random.Random) -> Repair:
    slot = chance.choice(stage.apis)
    slot.process.kill()
    return lambda: stage.launch_api(slot)


def _kill_serving_process(stage: Stage, chance: random.Random) -> Repair:
    # gunicorn's parent is left to start another one.
    parent = psutil.Process(chance.choice(stage.apis).process.pid)
    for child in parent.children():
        child.kill()
    return lambda: None


def _drain_api(stage: Stage, chance: random.Random) -> Repair:
    slot = chance.choice(stage.apis)
    os.kill(slot.process.pid, signal.SIGTERM)
    return lambda: _replace_api(stage, slot)


def _replace_api(stage: Stage, slot: ApiSlot) -> None:
    code = slot.process.wait_for_exit(30)
    assert code == 0, f"the API ended with {code} on SIGTERM:\n{slot.process.tail()}"
    stage.launch_api(slot)


def _kill_redis(*, keep_data: bool) -> Strike:
    def strike(stage: Stage, _: random.Random) -> Repair:
        stage.valkey.kill()
        return lambda: stage.valkey.restart(keep_data=keep_data)

    return strike


def _pause_redis(stage: Stage, _: random.Random) -> Repair:
    stage.valkey.pause()
    return stage.valkey.resume


def _flush_redis(stage: Stage, _: random.Random) -> Repair:
    with stage.valkey.client() as redis:
        redis.flushall()
    return lambda: None


def _evict_half(stage: Stage, chance: random.Random) -> Repair:
    # What a Redis does that is told to evict and runs out of memory: any key may go.
    with stage.valkey.client() as redis:
        ours = sorted(redis.scan_iter("millstream:*"))
        if ours:
            redis.delete(*chance.sample(ours, (len(ours) + 1) // 2))
    return lambda: None


def _kill_subscribers(stage: Stage, _: random.Random) -> Repair:
    with stage.valkey.client() as redis:
        redis.client_kill_filter(_type="pubsub")
    return lambda: None


def _flush_redis_and_kill_worker(stage: Stage, chance: random.Random) -> Repair:
    repair = _kill_worker(stage, chance)
    _flush_redis(stage, chance)
    return repair


def _kill_postgres(stage: Stage, _: random.Random) -> Repair:
    stage.postgres.kill()
    return stage.postgres.restart


def _refuse_writes_of_postgres(stage: Stage, _: random.Random) -> Repair:
    stage.postgres.take_writes(now=False)
    return lambda: stage.postgres.take_writes(now=True)


def _refuse_by(refusal: Refusal) -> Strike:
    return lambda stage, _: refusal.begin(stage.valkey)


def _cut_link(stage: Stage, _: random.Random) -> Repair:
    proxy = stage.linked.proxy
    assert proxy is not None
    proxy.cut()
    return proxy.restore


def _stall_link(stage: Stage, _: random.Random) -> Repair:
    proxy = stage.linked.proxy
    assert proxy is not None
    proxy.stall()
    return proxy.restore


FAULTS = (
    FaultKind("worker: kill -9", _kill_worker, (0.5, 3.0), "overtaken"),
    FaultKind("worker: SIGSTOP beyond its lease", _pause_worker, (3.5, 5.0), "overtaken"),
    FaultKind("worker: SIGSTOP within its lease", _pause_worker, (0.2, 0.8)),
    FaultKind("worker: SIGTERM, time to finish", _drain_worker(patient=True), (0.0, 0.5)),
    FaultKind(
        "worker: SIGTERM, no time to finish", _drain_worker(patient=False), (0.0, 0.5), "overtaken"
    ),
    FaultKind("worker: kill -9 of all of them", _kill_all_workers, (0.2, 1.0), "overtaken"),
    FaultKind("worker: network to Redis cut", _cut_link, (3.0, 5.0), "overtaken"),
    FaultKind("worker: network to Redis stalled", _stall_link, (3.0, 5.0), "overtaken"),
    FaultKind("api: kill -9", _kill_api, (0.5, 2.0)),
    FaultKind("api: kill -9 of its serving process", _kill_serving_process, (1.0, 2.0)),
    FaultKind("api: SIGTERM", _drain_api, (0.0, 0.5)),
    FaultKind("redis: kill -9, data kept", _kill_redis(keep_data=True), (0.2, 3.0)),
    FaultKind("redis: kill -9, data lost", _kill_redis(keep_data=False), (0.2, 3.0)),
    FaultKind("redis: SIGSTOP", _pause_redis, (0.5, 3.0)),
    FaultKind("redis: FLUSHALL", _flush_redis, (1.0, 2.0)),
    FaultKind("redis: half of our keys evicted", _evict_half, (1.0, 2.0)),
    FaultKind("redis: CLIENT KILL TYPE pubsub", _kill_subscribers, (1.0, 2.0)),
    FaultKind(
        "redis: FLUSHALL and worker: kill -9", _flush_redis_and_kill_worker, (0.5, 2.0), "overtaken"
    ),
    FaultKind("redis: read-only (READONLY)", _refuse_by(READ_ONLY), (1.0, 4.0)),
    FaultKind("redis: full memory (OOM)", _refuse_by(FULL_MEMORY), (1.0, 4.0)),
    FaultKind("redis: snapshots fail (MISCONF)", _refuse_by(FAILED_SNAPSHOT), (1.0, 4.0)),
    FaultKind("redis: a script without end (BUSY)", _refuse_by(ENDLESS_SCRIPT), (1.0, 4.0)),
    FaultKind("postgres: kill -9", _kill_postgres, (0.2, 3.0)),
    FaultKind("postgres: read-only", _refuse_writes_of_postgres, (1.0, 4.0)),
)

LONG_FAULTS = (
    FaultKind("worker: SIGSTOP for 30 s", _pause_worker, (30.0, 30.0), "overtaken"),
    FaultKind("redis: away for 30 s", _kill_redis(keep_data=True), (30.0, 30.0)),
    FaultKind("postgres: away for 30 s", _kill_postgres, (30.0, 30.0)),
)
"""Each is struck once in a run."""
