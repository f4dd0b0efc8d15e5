"""Searches a small model of a protocol whole: every state that it can reach, by whatever way."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

World = TypeVar("World", bound=Hashable)


def search(start: World, steps: Callable[[World], Iterable[World]]) -> dict[World, set[World]]:
    """Return every reachable state with those it is reached from."""
    reached_from: dict[World, set[World]] = {start: set()}
    waiting = deque([start])
    while waiting:
        world = waiting.popleft()
        for following in steps(world):
            if following not in reached_from:
                reached_from[following] = set()
                waiting.append(following)
            reached_from[following].add(world)
    return reached_from


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
