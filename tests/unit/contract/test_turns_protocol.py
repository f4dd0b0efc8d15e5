"""Turns of a conversation, every way they can interleave: questions, two workers, deaths, a flush.

A small model of the protocol, searched whole, beside that of one response (test_lease_protocol.py).
Questions are accepted one behind the other; each waits until those before it have ended; whoever
ends one lets the next one get in line, or dies before it does. What must hold in every state: no
two are begun and not ended at once, and they begin in the order of acceptance. And from every state
all that was accepted can end: nothing waits for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.unit.contract.state_search import endless, search

IDLE = (-1, 0, "idle")
Worker = tuple[int, int, str]
"""The response and the attempt that it holds, and how far it is."""

Message = tuple[int, int]


@dataclass(frozen=True)
class World:
    """One state. A response is its index; ``attempts`` has one entry for each that is accepted."""

    questions: int
    last_attempt: int
    most_flushes: int = 0
    attempts: tuple[int, ...] = ()
    ended: frozenset[int] = frozenset()
    order: tuple[int, ...] = ()
    """The responses in the order in which they were begun."""
    to_line_up: frozenset[int] = frozenset()
    """Accepted with nothing ahead; the API has not put them in line yet."""
    queued: frozenset[int] = frozenset()
    leases: frozenset[Message] = frozenset()
    messages: frozenset[Message] = frozenset()
    workers: tuple[Worker, Worker] = (IDLE, IDLE)
    kicks: int = 0
    """Ends whose followers have not been looked for yet."""
    flushes: int = 0

    @property
    def unfinished(self) -> tuple[int, ...]:
        return tuple(one for one in range(len(self.attempts)) if one not in self.ended)

    def is_its_turn(self, response: int) -> bool:
        return self.unfinished[:1] == (response,)


def steps(world: World) -> Iterator[World]:
    """Every state that can come next."""
    if len(world.attempts) < world.questions:
        yield accept(world)
    for response in world.to_line_up:
        waiting = replace(world, to_line_up=world.to_line_up - {response})
        yield waiting  # the API dies before it enqueues
        yield lined_up(waiting, response)
    yield from cancels(world)
    for number in (0, 1):
        yield from worker_steps(world, number)
    if world.kicks:
        done = replace(world, kicks=world.kicks - 1)
        yield done  # who ended it dies before it looks
        yield move_up(done)
    yield from reaper_steps(world)
    for message in world.messages:
        yield replace(world, messages=world.messages - {message})
    if world.flushes < world.most_flushes:
        empty: frozenset[int] = frozenset()
        yield replace(
            world, queued=empty, leases=frozenset(), messages=frozenset(), flushes=world.flushes + 1
        )


def accept(world: World) -> World:
    # One transaction under the lock of the conversation: what is ahead is known for certain.
    new = len(world.attempts)
    alone = world.unfinished == ()
    to_line_up = world.to_line_up | {new} if alone else world.to_line_up
    return replace(world, attempts=(*world.attempts, 0), to_line_up=to_line_up)


def cancels(world: World) -> Iterator[World]:
    for response in world.unfinished:
        if world.attempts[response] == 0:
            # The API ends what nobody has begun, wherever it waits.
            yield end(world, response)


def worker_steps(world: World, number: int) -> Iterator[World]:
    response, attempt, phase = world.workers[number]
    if phase == "idle":
        for message in world.messages:
            yield claim(world, number, message)
        return
    yield with_worker(world, number, IDLE)  # kill -9
    if phase == "claimed":
        taken = replace(
            world,
            queued=world.queued - {response},
            leases=world.leases | {(response, attempt)},
        )
        yield with_worker(taken, number, (response, attempt, "working"))
    elif world.attempts[response] == attempt and response not in world.ended:
        ended = end(world, response)
        yield with_worker(replace(ended, leases=ended.leases - {(response, attempt)}), number, IDLE)
    else:
        yield with_worker(world, number, IDLE)  # fenced


def claim(world: World, number: int, message: Message) -> World:
    response, attempt = message
    rest = replace(world, messages=world.messages - {message})
    held = world.attempts[response]
    if response in world.ended or held != attempt - 1:
        gone = response in world.ended
        return replace(rest, queued=rest.queued - {response}) if gone else rest
    if not world.is_its_turn(response):
        return replace(rest, queued=rest.queued - {response})
    attempts = (*world.attempts[:response], attempt, *world.attempts[response + 1 :])
    order = world.order if held else (*world.order, response)
    begun = replace(rest, attempts=attempts, order=order)
    return with_worker(begun, number, (response, attempt, "claimed"))


def end(world: World, response: int) -> World:
    return replace(world, ended=world.ended | {response}, kicks=min(world.kicks + 1, 1))


def move_up(world: World) -> World:
    for response in world.unfinished[:1]:
        if world.attempts[response] == 0:
            return lined_up(world, response)
    return world


def lined_up(world: World, response: int) -> World:
    return send(replace(world, queued=world.queued | {response}), (response, 1))


def reaper_steps(world: World) -> Iterator[World]:
    for lease in world.leases:
        response, attempt = lease
        expired = replace(world, leases=world.leases - {lease}, queued=world.queued | {response})
        yield expired
        yield send(expired, (response, attempt + 1))
    for response in world.queued:
        if response in world.ended:
            yield replace(world, queued=world.queued - {response})
        else:
            yield send(world, (response, world.attempts[response] + 1))
    for response in world.unfinished[:1]:
        # Compared with the ledger: it names only those whose turn it is.
        if response in world.queued:
            continue
        if held := world.attempts[response]:
            yield replace(world, leases=world.leases | {(response, held)})
        else:
            yield lined_up(world, response)


def send(world: World, message: Message) -> World:
    if message[1] > world.last_attempt:
        return world
    return replace(world, messages=world.messages | {message})


def with_worker(world: World, number: int, worker: Worker) -> World:
    first, second = sorted((worker, world.workers[1 - number]))  # which is which does not matter
    return replace(world, workers=(first, second))


@pytest.mark.parametrize(
    ("questions", "last_attempt", "flushes"),
    [(2, 2, 0), (2, 1, 1), (3, 1, 0)],
    ids=["two, twice", "two, with a flush", "three"],
)
def test_no_interleaving_answers_two_at_once_or_out_of_order_and_none_waits_for_ever(
    questions: int, last_attempt: int, flushes: int
) -> None:
    reached_from = search(World(questions, last_attempt, flushes), steps)

    for world in reached_from:
        begun = [one for one in world.unfinished if world.attempts[one]]
        assert len(begun) <= 1, f"two are answered at once: {world}"
        assert list(world.order) == sorted(world.order), f"out of order: {world}"

    assert len(reached_from) > 2_000
    assert hopeless(reached_from) == set()


def hopeless(reached_from: dict[World, set[World]]) -> set[World]:
    """Return the states with attempts left from which not all that was accepted can end."""
    stuck = endless(reached_from, lambda world: not world.unfinished)
    return {world for world in stuck if not is_exhausted(world)}


def is_exhausted(world: World) -> bool:
    """Tell whether the last attempt of the one whose turn it is was spent (it then fails)."""
    return any(world.attempts[one] == world.last_attempt for one in world.unfinished)
