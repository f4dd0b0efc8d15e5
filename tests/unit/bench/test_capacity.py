import json
import re
from typing import Any

import pytest

from bench.capacity import (
    FILL,
    LOADS,
    PAGE,
    Costs,
    Load,
    carries,
    needs,
    sockets,
    tables,
    with_tables,
)
from millstream_api.settings import Settings

RESULTS = PAGE.parents[1] / "bench/load/results.json"
REDIS_CONF = PAGE.parents[2] / "deploy/redis/redis.conf"
# Those that ask and read as the model of sums has it; a host is read by itself and 20 viewers.
PATTERNS = {"steady": 1, "ramp": 1, "burst": 1, "viewers": 21}
# The measured machine's own speed changes by a third.
APART = 1.5


def test_the_page_has_the_tables_as_they_are_reckoned() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert set(re.findall(r"<!-- table: (\w+) -->", page)) == tables().keys()
    assert with_tables(page) == page


def _measured(name: str) -> tuple[Load, dict[str, Any]]:
    patterns = json.loads(RESULTS.read_text(encoding="utf-8"))["patterns"]
    (pattern,) = (one for one in patterns if one["name"] == name)
    viewers = round(pattern["running"] * PATTERNS[name])
    return Load(name, viewers, viewers_per_answer=PATTERNS[name]), pattern


@pytest.mark.parametrize("name", PATTERNS)
def test_what_is_reckoned_is_what_the_load_test_measured(name: str) -> None:
    load, pattern = _measured(name)

    need = needs(load, Costs())

    cores = pattern["cores"]
    workers = sum(used for part, used in cores.items() if part.startswith("worker"))
    measured = [workers, cores["api"], cores["valkey"], cores["postgres"]]
    for reckoned, seen in zip(need[:4], measured, strict=True):
        assert reckoned / APART < seen < reckoned * APART


@pytest.mark.parametrize("name", PATTERNS)
def test_the_memory_of_an_api_process_is_what_the_load_test_measured(name: str) -> None:
    load, pattern = _measured(name)

    reckoned = Costs().api_base_mib + load.viewers * Costs().api_viewer_kib / 1024

    assert reckoned / APART < pattern["memory_mib"]["api"] < reckoned * APART


def test_what_the_page_says_of_a_million_viewers_is_what_its_tables_say() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    row = r"\| 1,000,000 viewers of 50,000 answers \|(?: [^|]+ \|){3} (\d+) \| (\d+)"
    rows = re.findall(row, page)
    processes, shards = rows[0]

    claim = r"that is (\d+) connections from each of (\d+) processes, and (\d+) to each"
    said = re.search(claim, page)

    assert said
    assert said.groups() == (shards, processes, processes)


def test_the_redis_of_compose_has_memory_for_all_the_logs_that_its_core_carries() -> None:
    limit = re.search(r"(?m)^maxmemory (\d+)mb$", REDIS_CONF.read_text(encoding="utf-8"))
    tokens = int(carries(Costs())[3][1].split()[0].replace(",", ""))

    held = needs(Load("a full core", tokens // 20), Costs()).redis_memory_gib

    assert limit
    # Twice: the queue and the work board are in it, too.
    assert 2 * held < int(limit[1]) / 1024


def test_twice_the_load_needs_twice_of_everything() -> None:
    once, twice = (needs(Load("", viewers), Costs()) for viewers in (1000, 2000))

    assert twice == pytest.approx([2 * part for part in once])


def test_what_one_carries_fills_its_core_and_one_more_would_overfill_it() -> None:
    costs = Costs()
    answers = int(carries(costs)[0][1].split()[0])

    assert needs(Load("", answers), costs).worker <= FILL
    assert needs(Load("", answers + 1), costs).worker > FILL


def test_viewers_of_the_same_answers_cost_no_worker_more() -> None:
    own, shared = LOADS[-2:]

    assert own.viewers == shared.viewers
    assert needs(shared, Costs()).worker < needs(own, Costs()).worker / 19
    assert needs(shared, Costs()).out_gbit == needs(own, Costs()).out_gbit


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_no_process_is_reckoned_with_more_viewers_than_it_lets_in(load: Load) -> None:
    allowed = Settings.model_fields["max_streams"].default

    assert sockets(load, Costs()).viewers_a_process < allowed


def test_an_api_process_is_reckoned_with_the_connections_that_it_may_open() -> None:
    assert Costs().api_database_connections == Settings.model_fields["database_pool_size"].default


def test_connections_are_those_of_every_slot_that_is_used_and_of_every_process() -> None:
    found = sockets(Load("", 1_000, viewers_per_answer=10), Costs())

    # 100 answers: two workers, and a process of the API.
    assert found.redis == 100 * 2 + 43
    assert found.postgres == 100 + 2 * 5 + 10
    assert found.packets == 1_000 * 20
    assert found.out_gbit == pytest.approx(20_000 * (190 + 74) * 8 / 1e9)


def test_spreading_an_answers_viewers_costs_the_api_and_redis_and_nobody_else() -> None:
    together = needs(LOADS[-1], Costs())
    spread = needs(LOADS[-1], Costs(), processes_per_answer=5)

    assert spread.api > together.api
    assert spread.redis > together.redis
    assert spread.worker == together.worker
