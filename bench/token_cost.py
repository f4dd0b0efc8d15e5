"""Processor time of the worker for each token, beside the clients that it reads the model by.

Answers of two lengths are read side by side, as fast as a model speaks; the difference between
them, divided by the tokens, is what a token costs, and the rest is what an answer costs.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any, Final

import psutil

from bench.figures import processor_seconds
from bench.in_process import InProcess
from bench.scripted_model.script import Script
from bench.stream_client import ask
from tests.harness.stack import Stack

_AT_ONCE: Final = 6
_SHORT: Final = 20
_LONG: Final = 120
_ROUNDS: Final = 5
_RATE: Final = 50.0

Read = Callable[[str], object]
Costs = Mapping[str, Mapping[str, float]]


def measure(stack: Stack, in_process: InProcess) -> dict[str, Any]:
    """Return microseconds of processor time for each token, and milliseconds for each answer.

    Medians of some rounds in which each has its turn: the machine's speed changes by the minute.
    """
    worker = psutil.Process(stack.workers[0].pid)
    rounds = [
        {
            "openai_client": _cost(in_process.read_openai, _own_seconds),
            "chat_databricks": _cost(in_process.read_model, _own_seconds),
            "worker": _cost(
                lambda asked: ask(stack.api_url, asked), lambda: processor_seconds(worker)
            ),
        }
        for _ in range(_ROUNDS)
    ]
    return {
        "answers_at_once": _AT_ONCE,
        "tokens_per_second_of_each": _RATE,
        "rounds": _ROUNDS,
        **{name: _medians([each[name] for each in rounds]) for name in rounds[0]},
        "worker_against_chat_databricks": ratios(rounds, "worker", "chat_databricks"),
        "worker_against_openai_client": ratios(rounds, "worker", "openai_client"),
    }


def ratios(rounds: Sequence[Costs], one: str, other: str) -> dict[str, float]:
    """Return how the cost of a token compares, round by round: the median, least and most."""
    each = [costs[one]["us_per_token"] / costs[other]["us_per_token"] for costs in rounds]
    return {
        "median": round(median(each), 2),
        "least": round(min(each), 2),
        "most": round(max(each), 2),
    }


def _medians(costs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: median(cost[name] for cost in costs) for name in costs[0]}


def cost_of(short_seconds: float, long_seconds: float, answers: int) -> dict[str, float]:
    """Return what a token and an answer cost, from the time that two lengths took."""
    for_token = (long_seconds - short_seconds) / (_LONG - _SHORT) / answers
    for_answer = short_seconds / answers - for_token * _SHORT
    return {
        "us_per_token": round(for_token * 1e6, 1),
        "ms_per_answer": round(for_answer * 1e3, 2),
    }


def _cost(read: Read, seconds: Callable[[], float]) -> dict[str, float]:
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        _read_all(readers, read, _SHORT)
        took = []
        for length in (_SHORT, _LONG):
            before = seconds()
            _read_all(readers, read, length)
            # What is still being put away counts, too.
            time.sleep(0.3)
            took.append(seconds() - before)
    return cost_of(took[0], took[1], _AT_ONCE)


def _read_all(readers: ThreadPoolExecutor, read: Read, length: int) -> None:
    asked = [
        f"What is a log? {Script(tokens=length, seed=3, rate=_RATE).directive()}"
        for _ in range(_AT_ONCE)
    ]
    for _ in readers.map(read, asked):
        continue


def _own_seconds() -> float:
    return time.process_time()
