"""The count after a chaos run tells a leak from a pool that had not started all of its threads."""

from tests.chaos.census import Census


def census(**threads: int) -> Census:
    named = {name.replace("_", " "): count for name, count in threads.items()}
    return Census(0, named, {}, 0, 0, {})


def test_a_thread_more_than_any_process_of_its_kind_had_is_reported() -> None:
    before = census(worker_1=22, worker_2=21, api_1=1)

    found = census(worker_1=22, worker_2=25, api_1=12).more_than(before)

    assert found == [
        "worker 2 has 25 threads, and the fullest of its kind had 22",
        "api 1 has 12 threads, and the fullest of its kind had 1",
    ]


def test_threads_that_resolve_names_come_and_go() -> None:
    assert census(api_1=3).more_than(census(api_1=1)) == []


def test_the_last_thread_of_a_bounded_pool_is_no_leak() -> None:
    before = census(worker_1=22, worker_2=21)

    assert census(worker_1=22, worker_2=22).more_than(before) == []
