import re

import pytest

from bench.capacity import FILL, LOADS, PAGE, Costs, Load, carries, needs, tables, with_tables


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


def test_spreading_an_answers_viewers_costs_the_api_and_redis_and_nobody_else() -> None:
    together = needs(LOADS[-1], Costs())
    spread = needs(LOADS[-1], Costs(), processes_per_answer=5)

    assert spread.api > together.api
    assert spread.redis > together.redis
    assert spread.worker == together.worker
