"""Claim, lease and fence, every way they can interleave: two workers, a reaper, kills, a flush.

A small model of the protocol, searched whole. A worker that is frozen is one that is not scheduled
for as long as the search likes; a killed one is idle again. What must hold in every state: the log
is never written by an attempt that was overtaken, the response ends once, and what was told to be
the end is what is stored. And from every state an end can be reached: nothing hangs for good.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.unit.contract.state_search import endless, search

LAST_ATTEMPT = 3
LONGEST_LOG = 4
FLUSHES = 1
HAND_OVERS = 1

IDLE = (0, "idle")
Worker = tuple[int, str]
"""The attempt that it holds, and how far it is."""


class World(NamedTuple):
    """One state. ``log`` holds the attempt of each entry, a final one as its negative."""

    attempt: int = 0
    ended_by: int = 0
    fence: int = 0
    log: tuple[int, ...] = ()
    queued: bool = True
    leases: frozenset[int] = frozenset()
    messages: frozenset[int] = frozenset({1})
    workers: tuple[Worker, Worker] = (IDLE, IDLE)
    """In order: which of the two is in which phase makes no difference."""
    flushes: int = 0
    handed_over: int = 0
    newest: int = 0
    """The latest attempt that ever took the log over, which Redis may have forgotten."""
    zombie_wrote: bool = False


def steps(world: World) -> Iterator[World]:
    """Every state that can come next."""
    for number in (0, 1):
        yield from worker_steps(world, number)
    yield from reaper_steps(world)
    if world.flushes < FLUSHES:
        yield world._replace(
            fence=0, log=(), queued=False, leases=frozenset(), flushes=world.flushes + 1
        )
    for message in world.messages:
        # Also the broker loses messages (a worker that froze with one in its hands).
        yield world._replace(messages=world.messages - {message})


def worker_steps(world: World, number: int) -> Iterator[World]:
    attempt, phase = world.workers[number]
    if phase != "idle":
        yield with_worker(world, number, IDLE)  # kill -9
    if phase == "writing" and world.handed_over < HAND_OVERS:
        yield from leave(world, number, attempt)
    match phase:
        case "idle":
            yield from (claim(world, number, message) for message in world.messages)
        case "claimed":
            taken = world._replace(queued=False, leases=world.leases | {attempt})
            yield with_worker(taken, number, (attempt, "leased"))
        case "leased" | "healing":
            yield take_over(world, number, attempt)
        case "asking":
            held = world.attempt == attempt
            yield with_worker(world, number, (attempt, "writing") if held else IDLE)
        case "writing":
            yield from write(world, number, attempt)
        case "leaving":
            yield give_up(world, number, attempt)
        case "stored":
            yield from tell_the_end(world, number, attempt)


def claim(world: World, number: int, message: int) -> World:
    rest = world._replace(messages=world.messages - {message})
    if world.ended_by or world.attempt != message - 1:
        return rest._replace(queued=rest.queued and not world.ended_by)
    return with_worker(rest._replace(attempt=message), number, (message, "claimed"))


def take_over(world: World, number: int, attempt: int) -> World:
    if world.fence > attempt:
        return with_worker(world, number, IDLE)
    # The fence of a log that Redis forgot is no proof: the ledger is asked, behind the take-over.
    forgotten = world.fence == 0
    taken = world._replace(fence=attempt, newest=max(world.newest, attempt))
    return with_worker(taken, number, (attempt, "asking" if forgotten else "writing"))


def write(world: World, number: int, attempt: int) -> Iterator[World]:
    if world.fence > attempt:
        yield with_worker(world, number, IDLE)
        return
    if world.fence < attempt:
        # Redis lost the log.
        yield with_worker(world, number, (attempt, "healing"))
        return
    if len(world.log) < LONGEST_LOG:
        zombie = world.zombie_wrote or attempt < world.newest
        yield world._replace(log=(*world.log, attempt), zombie_wrote=zombie)
    if world.attempt == attempt and not world.ended_by:
        yield with_worker(world._replace(ended_by=attempt), number, (attempt, "stored"))
    else:
        yield with_worker(world, number, IDLE)


def tell_the_end(world: World, number: int, attempt: int) -> Iterator[World]:
    released = world._replace(leases=world.leases - {attempt}, queued=False)
    if world.fence == attempt:
        yield with_worker(released._replace(log=(*world.log, -attempt)), number, IDLE)
    else:
        yield with_worker(released, number, IDLE)


def leave(world: World, number: int, attempt: int) -> Iterator[World]:
    yield with_worker(world, number, (attempt, "leaving"))  # PostgreSQL is away
    if world.attempt == attempt and not world.ended_by:
        noted = world._replace(handed_over=world.handed_over + 1)
        yield with_worker(noted, number, (attempt, "leaving"))


def give_up(world: World, number: int, attempt: int) -> World:
    given = world._replace(leases=world.leases - {attempt}, queued=True)
    return with_worker(send(given, attempt + 1), number, IDLE)


def reaper_steps(world: World) -> Iterator[World]:
    for lease in world.leases:
        # Any lease may be found expired: clocks are not part of what is promised.
        expired = world._replace(leases=world.leases - {lease}, queued=True)
        yield expired  # and the reaper dies before it sends
        yield send(expired, lease + 1)
    if world.queued:
        yield world._replace(queued=False) if world.ended_by else send(world, world.attempt + 1)
    if not world.ended_by and not world.queued:
        if world.attempt:
            yield world._replace(leases=world.leases | {world.attempt})
        else:
            yield world._replace(queued=True)


def send(world: World, message: int) -> World:
    if message > LAST_ATTEMPT:
        return world
    return world._replace(messages=world.messages | {message})


def with_worker(world: World, number: int, worker: Worker) -> World:
    first, second = sorted((worker, world.workers[1 - number]))
    return world._replace(workers=(first, second))


def test_no_interleaving_breaks_the_log_or_the_ledger_and_none_hangs() -> None:
    reached_from = search(World(), steps)

    for world in reached_from:
        writers = [abs(entry) for entry in world.log]
        ends = [-entry for entry in world.log if entry < 0]
        assert not world.zombie_wrote, f"an overtaken attempt has written: {world}"
        assert writers == sorted(writers), f"an older attempt stands behind a newer: {world}"
        assert all(end == world.ended_by for end in ends), f"told an end not stored: {world}"
        assert len(ends) <= 1, f"ended twice: {world}"
        assert not ends or world.log[-1] < 0, f"written behind the end: {world}"
        for attempt, phase in world.workers:
            if attempt and attempt == world.attempt and phase != "leaving":
                assert world.attempt > world.handed_over, f"a running attempt is free: {world}"

    assert len(reached_from) > 10_000
    assert hopeless(reached_from) == set()


def hopeless(reached_from: dict[World, set[World]]) -> set[World]:
    """Return the states with attempts left from which the response can never end."""
    stuck = endless(reached_from, lambda world: world.ended_by != 0)
    return {world for world in stuck if world.attempt < LAST_ATTEMPT}
