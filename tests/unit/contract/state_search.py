"""Searches a small model of a protocol whole: every state that it can reach, by whatever way."""

import gc
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

World = TypeVar("World", bound=Hashable)


def search(start: World, steps: Callable[[World], Iterable[World]]) -> dict[World, set[World]]:
    """Return every reachable state with those it is reached from."""
    reached_from: dict[World, set[World]] = {start: set()}
    waiting = deque([start])
    with _nothing_collected():
        while waiting:
            world = waiting.popleft()
            for following in steps(world):
                if following not in reached_from:
                    reached_from[following] = set()
                    waiting.append(following)
                reached_from[following].add(world)
    return reached_from


@contextmanager
def _nothing_collected() -> Iterator[None]:
    # States hold no rings, and going through all of them again and again takes the most time.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def endless(
    reached_from: dict[World, set[World]], has_ended: Callable[[World], bool]
) -> set[World]:
    """Return the states from which no end can be reached."""
    hopeful = {world for world in reached_from if has_ended(world)}
    waiting = deque(hopeful)
    while waiting:
        for before in reached_from[waiting.popleft()]:
            if before not in hopeful:
                hopeful.add(before)
                waiting.append(before)
    return reached_from.keys() - hopeful
