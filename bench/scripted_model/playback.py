"""Playing a script: the pace, the gate and the place of the fault."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bench.scripted_model.fault import Fault
from bench.scripted_model.journal import Call, Journal
from bench.scripted_model.script import Script, units


class FaultReached(Exception):
    """The script says that the fault comes here."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True)
class Rest:
    """What is still to be said after a text that the client already has."""

    tokens: list[str]
    position: int
    """How many tokens of the answer came before."""
    known_units: int


def rest_after(tokens: Sequence[str], known: str) -> Rest:
    """Give the tokens after `known`; all of them when it does not begin the answer.

    A token that `known` ends inside of is split.
    """
    known_units = units(known)
    whole = units("".join(tokens))
    if not known or not whole.startswith(known_units):
        return Rest(list(tokens), 0, 0)
    end = 0
    for position, token in enumerate(tokens):
        end += len(units(token))
        if end > len(known_units):
            partly = whole[len(known_units) : end].decode("utf-16-le", "surrogatepass")
            return Rest([partly, *tokens[position + 1 :]], position, len(known_units) // 2)
    return Rest([], len(tokens), len(known_units) // 2)


async def play(
    script: Script, fault: Fault | None, rest: Rest, call: Call, journal: Journal
) -> AsyncIterator[str]:
    """Give the tokens, each at its time. Raises FaultReached where the fault stands."""
    loop = asyncio.get_running_loop()
    due = loop.time() + script.first_ms / 1000
    step = 1 / script.rate if script.rate else 0.0
    for position, token in enumerate(rest.tokens, start=rest.position):
        if fault is not None and position >= fault.number:
            raise FaultReached(fault)
        if script.gate is not None and position >= script.gate[1]:
            held = await journal.pass_gate(call, script.gate[0])
            due = loop.time() if held else due
        # A sleep of 0 lets the other streams run, and hears that the client has gone.
        await asyncio.sleep(max(0.0, due - loop.time()))
        due = max(due + step, loop.time() - 1.0) if step else 0.0
        yield token
    if fault is not None and fault.number >= rest.position + len(rest.tokens):
        raise FaultReached(fault)
