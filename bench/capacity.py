"""What carries how many viewers: `python -m bench.capacity` prints the tables of capacity.md.

A model of sums, not of queues: each part has a cost per token, frame, answer or connection that was
measured, and is filled to a share of one core. `--write` puts the tables into the page.
"""

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from millstream_contract.keys import ENDED_LOG_TTL_SECONDS

PAGE = Path(__file__).parents[1] / "docs" / "operating" / "capacity.md"


@dataclass(frozen=True)
class Costs:
    """What things cost on one core of the measured machine, as docs/bench says.

    A test holds them to the load test's figures of processor time and memory.
    """

    worker_token_us: float = 480
    """Worker CPU per token: parsing the model's stream, recording, appending."""
    worker_answer_ms: float = 20
    """Worker CPU per answer besides its tokens: claim, search, grade, prompt, store."""
    api_frame_us: float = 10
    """API CPU per frame and viewer."""
    api_message_us: float = 60
    """API CPU per message that a process hears, however many viewers it has of that answer."""
    api_open_ms: float = 2
    """API CPU per stream opened."""
    api_answer_ms: float = 5
    """API CPU per question accepted and answer read."""
    api_viewer_kib: float = 36
    """API memory per open stream."""
    api_base_mib: float = 175
    """Both processes of it; pages that they share count twice."""
    redis_token_us: float = 85
    """Redis CPU per token: the append in Lua, and its publishing to one process."""
    redis_message_us: float = 5
    """Redis CPU per further process that hears a token. Not measured: an assumption."""
    redis_answer_us: float = 600
    """Redis CPU per answer: queue, board, opening, end. Not measured apart: an assumption."""
    postgres_answer_ms: float = 8
    """PostgreSQL CPU per answer: accept, claim, search, passages, end, and a reading of it."""
    frame_bytes: float = 190
    """Bytes of a frame on the wire."""
    packet_bytes: float = 74
    """What TLS 1.3, TCP and IP add to a frame that leaves by itself: 22 + 32 + 20."""
    api_redis_connections: int = 43
    api_database_connections: int = 10
    slot_redis_connections: int = 2
    slot_database_connections: int = 1
    worker_database_connections: int = 5
    """Those of a worker's pool beside its slots'."""
    log_answer_kib: float = 70
    """Redis memory of the log of an answer of 300 tokens, until ENDED_LOG_TTL_SECONDS behind its
    end."""


@dataclass(frozen=True)
class Load:
    """What is asked of the whole."""

    name: str
    viewers: int
    """Open streams."""
    viewers_per_answer: float = 1.0
    tokens_per_second: float = 20.0
    """Of each running answer."""
    tokens: float = 300.0
    """Of each answer."""

    @property
    def running(self) -> float:
        """Answers that run at the same time."""
        return self.viewers / self.viewers_per_answer

    @property
    def all_tokens(self) -> float:
        """Tokens a second."""
        return self.running * self.tokens_per_second

    @property
    def frames(self) -> float:
        """Frames to viewers a second."""
        return self.all_tokens * self.viewers_per_answer

    @property
    def answers(self) -> float:
        """Answers that begin in a second."""
        return self.running * self.tokens_per_second / self.tokens

    @property
    def logs(self) -> float:
        """Token logs in Redis: of answers that run, and of those that have just ended."""
        return self.running + self.answers * ENDED_LOG_TTL_SECONDS


class Needs(NamedTuple):
    """Cores that each part needs, were they full, and what they hold."""

    worker: float
    api: float
    redis: float
    postgres: float
    redis_memory_gib: float
    out_gbit: float


FILL = 0.6
"""How full a core is planned: above it waiting grows fast, and no room is left for an outage."""

SLOTS_PER_WORKER = 12

LOADS = (
    Load("one laptop", 80),
    Load("a team", 1_000, viewers_per_answer=20),
    Load("a company", 10_000),
    Load("100,000 viewers", 100_000, viewers_per_answer=4),
    Load("1,000,000 viewers, each its own answer", 1_000_000),
    Load("1,000,000 viewers of 50,000 answers", 1_000_000, viewers_per_answer=20),
)


def needs(load: Load, costs: Costs, *, processes_per_answer: float = 1.0) -> Needs:
    """Return what a load needs; an answer's viewers are spread over so many API processes."""
    heard = load.all_tokens * processes_per_answer
    further = load.all_tokens * (processes_per_answer - 1)
    opened = load.answers * load.viewers_per_answer
    return Needs(
        worker=(load.all_tokens * costs.worker_token_us / 1e6)
        + load.answers * costs.worker_answer_ms / 1e3,
        api=(load.frames * costs.api_frame_us + heard * costs.api_message_us) / 1e6
        + (opened * costs.api_open_ms + load.answers * costs.api_answer_ms) / 1e3,
        redis=(load.all_tokens * costs.redis_token_us + further * costs.redis_message_us) / 1e6
        + load.answers * costs.redis_answer_us / 1e6,
        postgres=load.answers * costs.postgres_answer_ms / 1e3,
        redis_memory_gib=load.logs * costs.log_answer_kib / 2**20,
        out_gbit=load.frames * costs.frame_bytes * 8 / 1e9,
    )


def carries(costs: Costs) -> list[tuple[str, str, str]]:
    """Return what one process of each kind carries: what, how much, and what bounds it."""
    one = Load("one answer", 1)
    each = needs(one, costs)
    core = FILL
    answers = math.floor(core / each.worker)
    viewers = math.floor(core / each.api)
    crowd = Load("a crowd", 1_000, viewers_per_answer=20)
    shared = math.floor(core / (needs(crowd, costs).api / crowd.viewers))
    tokens = math.floor(core / (each.redis / one.all_tokens))
    return [
        (
            "worker process",
            f"{answers} answers at 20 tokens/s ({answers * 20:,} tokens/s)",
            f"its one core; {SLOTS_PER_WORKER} slots by default, {answers} fill it",
        ),
        (
            "API process, each viewer its own answer",
            f"{viewers:,} viewers",
            f"its one core; memory {viewers * costs.api_viewer_kib / 1024 + costs.api_base_mib:.0f}"
            " MiB",
        ),
        (
            "API process, 20 viewers an answer",
            f"{shared:,} viewers",
            f"its one core; memory {shared * costs.api_viewer_kib / 1024 + costs.api_base_mib:.0f}"
            " MiB",
        ),
        (
            "Redis primary",
            f"{tokens:,} tokens/s ({math.floor(tokens / 20):,} answers at 20 tokens/s)",
            "its one core that runs commands",
        ),
        (
            "PostgreSQL, per core",
            f"{math.floor(core / (costs.postgres_answer_ms / 1e3)):,} answers begun a second",
            "CPU; then the disk that commits are written to",
        ),
    ]


def growth(costs: Costs, loads: Sequence[Load] = LOADS) -> list[list[str]]:
    """Return a row for each load: processes of each kind, memory, network."""
    rows = []
    for load in loads:
        need = needs(load, costs)
        rows.append(
            [
                load.name,
                f"{load.running:,.0f}",
                f"{load.all_tokens:,.0f}",
                *(f"{_processes(cores):,}" for cores in (need.worker, need.api, need.redis)),
                f"{_processes(need.postgres):,}",
                f"{need.redis_memory_gib:,.1f}",
                f"{need.out_gbit:,.2f}",
            ]
        )
    return rows


class Sockets(NamedTuple):
    """Connections, were all open at once, and packets."""

    viewers_a_process: int
    redis: int
    postgres: int
    packets: float
    """A second, to viewers: a frame each, when no frame waits for another."""
    out_gbit: float
    """With what TLS, TCP and IP add."""


def sockets(load: Load, costs: Costs) -> Sockets:
    """Return what a load holds open, and sends."""
    need = needs(load, costs)
    api, workers = _processes(need.api), _processes(need.worker)
    running = math.ceil(load.running)
    return Sockets(
        viewers_a_process=math.ceil(load.viewers / api),
        redis=running * costs.slot_redis_connections + api * costs.api_redis_connections,
        postgres=running * costs.slot_database_connections
        + workers * costs.worker_database_connections
        + api * costs.api_database_connections,
        packets=load.frames,
        out_gbit=load.frames * (costs.frame_bytes + costs.packet_bytes) * 8 / 1e9,
    )


def connections(costs: Costs, loads: Sequence[Load] = LOADS) -> list[list[str]]:
    """Return a row for each load: viewers of a process, connections, packets, bytes."""
    return [
        [
            load.name,
            f"{found.viewers_a_process:,}",
            f"{found.redis:,}",
            f"{found.postgres:,}",
            f"{found.packets:,.0f}",
            f"{found.out_gbit:,.2f}",
        ]
        for load in loads
        for found in [sockets(load, costs)]
    ]


def routing(costs: Costs) -> list[list[str]]:
    """Return what it costs when an answer's viewers are spread over API processes."""
    load = LOADS[-1]
    rows = []
    for processes in (1, 2, 5, 20):
        need = needs(load, costs, processes_per_answer=processes)
        rows.append([str(processes), f"{_processes(need.api):,}", f"{_processes(need.redis):,}"])
    return rows


def cluster(costs: Costs) -> list[list[str]]:
    """Return tokens a second of a Redis Cluster, by how it publishes.

    PUBLISH goes to every shard, whoever listens where; SPUBLISH stays in the shard of its slot.
    """
    append = costs.redis_token_us
    rows = []
    for shards in (1, 2, 4, 16, 64):
        everywhere = FILL * 1e6 / (append / shards + costs.redis_message_us * (shards - 1) / shards)
        rows.append([str(shards), f"{everywhere:,.0f}", f"{FILL * 1e6 / append * shards:,.0f}"])
    return rows


def tables(costs: Costs | None = None) -> dict[str, str]:
    """Return each table of the page by its name, as Markdown."""
    known = costs or Costs()
    return {
        "carries": _table(["one", "carries", "bounded by"], carries(known)),
        "growth": _table(
            [
                "load",
                "answers at a time",
                "tokens/s",
                "workers",
                "API processes",
                "Redis shards",
                "PostgreSQL cores",
                "Redis memory, GiB",
                "to viewers, Gbit/s",
            ],
            growth(known),
        ),
        "connections": _table(
            [
                "load",
                "viewers of an API process",
                "connections to Redis",
                "to PostgreSQL",
                "packets/s to viewers",
                "on the wire, Gbit/s",
            ],
            connections(known),
        ),
        "routing": _table(["API processes an answer", "API processes", "shards"], routing(known)),
        "cluster": _table(
            ["shards", "PUBLISH, tokens/s", "SPUBLISH, tokens/s"],
            cluster(known),
        ),
    }


def with_tables(page: str) -> str:
    """Return the page with its tables as they are reckoned now. Raises KeyError for an unknown."""
    found = tables()
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda place: f"{place[1]}\n{found[place[2]]}\n\n{place[3]}",
        page,
        flags=re.DOTALL,
    )


def _processes(cores: float) -> int:
    return max(1, math.ceil(cores / FILL))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *("--:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"put them into {PAGE.name}")
    if parser.parse_args().write:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    for name, table in tables().items():
        print(f"{name}\n\n{table}\n")


if __name__ == "__main__":
    main()
