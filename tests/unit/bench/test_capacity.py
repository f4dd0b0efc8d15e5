import re

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


def test_the_page_has_the_tables_as_they_are_reckoned() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert set(re.findall(r"<!-- table: (\w+) -->", page)) == tables().keys()
    assert with_tables(page) == page


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
    assert found.redis == 100 * 2 + 33
    assert found.postgres == 100 + 2 * 5 + 10
    assert found.packets == 1_000 * 20
    assert found.out_gbit == pytest.approx(20_000 * (190 + 74) * 8 / 1e9)


def test_spreading_an_answers_viewers_costs_the_api_and_redis_and_nobody_else() -> None:
    together = needs(LOADS[-1], Costs())
    spread = needs(LOADS[-1], Costs(), processes_per_answer=5)

    assert spread.api > together.api
    assert spread.redis > together.redis
    assert spread.worker == together.worker
