"""The count after a chaos run tells what was left behind."""

from dataclasses import replace

from tests.chaos.census import Census

CALM = Census(36, {"worker 1": 22, "worker 2": 22, "api 1": 11}, {"api 1": 6}, 11, 0, {})


def test_as_much_as_before_is_nothing_left() -> None:
    assert CALM.more_than(CALM) == []


def test_a_thread_more_or_less_than_before_is_reported() -> None:
    after = replace(CALM, threads={"worker 1": 23, "worker 2": 22, "api 1": 10})

    assert after.more_than(CALM) == [
        "worker 1 has 23 threads, and had 22",
        "api 1 has 10 threads, and had 11",
    ]


def test_connections_beyond_all_pools_of_a_process_are_reported() -> None:
    assert replace(CALM, redis_connections={"api 1": 43, "worker 1": 55}).more_than(CALM) == []
    assert replace(CALM, redis_connections={"api 1": 44, "worker 1": 56}).more_than(CALM) == [
        "api 1 has 44 connections to Redis",
        "worker 1 has 56 connections to Redis",
    ]


def test_subscriptions_are_reported_also_when_there_were_as_many_before() -> None:
    assert replace(CALM, subscriptions=1).more_than(replace(CALM, subscriptions=1)) == [
        "1 subscriptions are left"
    ]


def test_keys_that_last_are_reported_the_brokers_too() -> None:
    keys = {"_kombu.binding.answers": 1, "millstream:{...}:log": 2}

    assert replace(CALM, lasting_keys=keys).more_than(CALM) == [
        "1 keys without a time to live: _kombu.binding.answers",
        "2 keys without a time to live: millstream:{...}:log",
    ]
