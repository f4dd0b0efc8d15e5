"""What processes and servers hold when nothing happens: threads, connections, keys."""

import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import psycopg

from bench.scripted_model.script import Script
from millstream_contract.keys import LEASES_KEY
from tests.chaos.stage import Stage
from tests.harness.api_client import ApiClient
from tests.harness.deadlines import DeadlinePassed, eventually

_ANSWERS_PER_WORKER = 12
_MOST_REDIS_CONNECTIONS = {"api": 43, "worker": 55}
"""Of an API: one to listen, 2 that read logs, 20 of requests, 2 for each of 10 that send to the
queue (kombu keeps one that it has tried, and one that it uses). Of a worker: one to listen, one
that renews, 2 for each of 12 answers and 5 beside them; one for each answer to acknowledge its
message, 2 that fetch messages, 10 that send them. All pools grow as needed."""
_OWN_CHANNELS = (b"millstream:idle", b"millstream:stops", b"millstream:looks")


@dataclass(frozen=True)
class Census:
    """What was counted."""

    answers: int
    """How many were asked in order to count."""
    threads: dict[str, int]
    redis_connections: dict[str, int]
    postgres_connections: int
    subscriptions: int
    """Channels of responses that somebody is subscribed to."""
    lasting_keys: dict[str, int]
    """Keys without a time to live, their random parts left out."""

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        return asdict(self)

    def more_than(self, before: "Census") -> list[str]:
        """Give a line for each thing that is not as before, or more than there may be."""
        found = [
            f"{name} has {count} threads, and had {before.threads[name]}"
            for name, count in self.threads.items()
            if count != before.threads[name]
        ]
        found += [
            f"{name} has {count} connections to Redis"
            for name, count in self.redis_connections.items()
            if count > _MOST_REDIS_CONNECTIONS[name.partition(" ")[0]]
        ]
        if self.subscriptions:
            found.append(f"{self.subscriptions} subscriptions are left")
        found += [
            f"{count} keys without a time to live: {name}"
            for name, count in self.lasting_keys.items()
        ]
        return found


def take_census(stage: Stage, before: Census | None = None) -> Census:
    """Fill every worker with answers once, let them end, and count.

    before: with an earlier count, wait for threads that are about to end.
    """
    _fill_workers(stage)
    with suppress(DeadlinePassed):  # what is left then is what is to be counted
        eventually("the subscriptions to end", lambda: _subscriptions(stage) == 0, 15)
        # An answer's writer has a thread of its own, which ends before the answer's lease.
        eventually("the leases to be given up", lambda: _leases(stage) == 0, 15)
        # What Celery makes gets its time to live from the next reaper that compares the board.
        eventually("all keys to be mortal", lambda: not _lasting_keys(stage), 15)
        if before is not None:
            # A thread that was joined is there for a moment more.
            eventually("threads to end", lambda: _threads(stage) == before.threads, 15)
    processes = serving_processes(stage)
    return Census(
        answers=_ANSWERS_PER_WORKER * len(stage.workers),
        threads=_threads(stage),
        redis_connections={
            name: len(
                [one for one in process.net_connections("tcp") if one.raddr and _to(stage, one)]
            )
            for name, process in processes.items()
        },
        postgres_connections=_backends(stage),
        subscriptions=_subscriptions(stage),
        lasting_keys=_lasting_keys(stage),
    )


def _fill_workers(stage: Stage) -> None:
    # All at once, held by a gate: each worker then has had all of its threads at work.
    count = _ANSWERS_PER_WORKER * len(stage.workers)
    gate = f"census-{uuid.uuid4().hex}"
    scripts = [Script(tokens=3, gate=(gate, 1)) for _ in range(count)]
    with ApiClient(stage.apis[0].url) as client:
        asked = [client.start(f"Which script? {script.directive()}")["id"] for script in scripts]
        for script in scripts:
            stage.model.wait(script.id, "held", timeout_seconds=30)
        stage.model.open_gate(gate)
        for response_id in asked:
            with client.follow(response_id) as stream:
                stream.to_end()


def serving_processes(stage: Stage) -> dict[str, psutil.Process]:
    """Give the workers, and the process of each API that serves."""
    workers = {slot.name: psutil.Process(slot.running.pid) for slot in stage.workers}
    apis = {}
    for number, slot in enumerate(stage.apis, 1):
        (child,) = psutil.Process(slot.process.pid).children()
        apis[f"api {number}"] = child
    return {**workers, **apis}


def _threads(stage: Stage) -> dict[str, int]:
    return {name: process.num_threads() for name, process in serving_processes(stage).items()}


def _to(stage: Stage, connection: Any) -> bool:
    ports = {stage.valkey.port}
    if stage.linked.proxy is not None:
        ports.add(stage.linked.proxy.port)
    return connection.raddr.port in ports


def _backends(stage: Stage) -> int:
    with psycopg.connect(stage.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _subscriptions(stage: Stage) -> int:
    with stage.valkey.client() as redis:
        return len([name for name in redis.pubsub_channels() if name not in _OWN_CHANNELS])


def _leases(stage: Stage) -> int:
    with stage.valkey.client() as redis:
        return int(redis.zcard(LEASES_KEY))


def _lasting_keys(stage: Stage) -> dict[str, int]:
    found: Counter[str] = Counter()
    with stage.valkey.client() as redis:
        for key in redis.scan_iter(count=1000):
            if redis.ttl(key) == -1:
                name, _, rest = key.decode(errors="replace").partition("{")
                found[f"{name}{{...}}{rest.partition('}')[2]}" if rest else name] += 1
    return dict(found)
