"""What happened to every call, for tests to wait for; and the gates that hold streams."""

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

EndReason = Literal["complete", "client_closed", "fault"]
State = Literal["started", "first_token", "held", "ended", "client_closed", "fault"]
STATES: tuple[State, ...] = get_args(State)
_KEPT_CALLS = 20_000


def now_us() -> int:
    """Microseconds of the clock that all processes of a machine share."""
    return time.monotonic_ns() // 1000


@dataclass
class Call:
    """One chat call. Times in microseconds of `time.monotonic`."""

    id: int
    question: str
    model: str
    streamed: bool
    prompt: list[dict[str, Any]]
    started_at: int
    continued_from: int = 0
    """UTF-16 code units of the answer that the client already had."""
    first_token_at: int | None = None
    tokens_sent: int = 0
    held_at: int | None = None
    sent_at: list[int] | None = None
    """When each token was given to the network, if the script asks for it."""
    ended_at: int | None = None
    end: EndReason | None = None

    def is_in(self, state: State) -> bool:
        """Whether the call has reached a state (`held`: stands there now)."""
        match state:
            case "started":
                return True
            case "first_token":
                return self.first_token_at is not None
            case "held":
                return self.held_at is not None and self.ended_at is None
            case "ended":
                return self.ended_at is not None
            case _:
                return self.end == state

    def as_json(self) -> dict[str, Any]:
        """Give the call as a JSON object."""
        return asdict(self)


class Journal:
    """All calls of this process, its gates, its named scripts and its counts of faults."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self._ids = itertools.count(1)
        self._changed = asyncio.Condition()
        self._notifying: asyncio.Task[None] | None = None
        self._open_gates: set[str] = set()
        self._standing: set[int] = set()
        """Ids of the calls that stand at a gate."""
        self._let_go: set[int] = set()
        """Ids of the calls for which no gate counts any more."""
        self._faults: Counter[str] = Counter()
        self.named_scripts: dict[str, list[str]] = {}

    def start(
        self, question: str, model: str, streamed: bool, prompt: list[dict[str, Any]]
    ) -> Call:
        """Record a new call."""
        call = Call(next(self._ids), question, model, streamed, prompt, now_us())
        self._calls.append(call)
        self._notify()
        return call

    def sent_token(self, call: Call) -> None:
        """Record one more token on its way to the client."""
        call.tokens_sent += 1
        if call.sent_at is not None:
            call.sent_at.append(now_us())
        if call.first_token_at is None:
            call.first_token_at = now_us()
            self._notify()

    def end(self, call: Call, reason: EndReason) -> None:
        """Record the end of a call; the first reason stays."""
        if call.ended_at is None:
            call.end, call.ended_at = reason, now_us()
            self._notify()

    def calls(self, question_contains: str = "") -> list[Call]:
        """Give the recorded calls, oldest first."""
        return [call for call in self._calls if question_contains in call.question]

    async def wait(self, question_contains: str, state: State, count: int) -> list[Call]:
        """Wait until `count` calls about a question have reached a state."""
        found: list[Call] = []

        def enough() -> bool:
            found[:] = [call for call in self.calls(question_contains) if call.is_in(state)]
            return len(found) >= count

        await self._until(enough)
        return found

    def open_gate(self, name: str) -> None:
        """Open a gate for good; a gate never named is closed."""
        self._open_gates.add(name)
        self._notify()

    def let_go(self) -> None:
        """Let all streams that stand at a gate go on; it stays closed to those that come."""
        self._let_go |= self._standing
        self._notify()

    async def pass_gate(self, call: Call, name: str) -> bool:
        """Wait, recorded as held, until a gate is open; False when it was open already."""

        def is_open() -> bool:
            return name in self._open_gates or call.id in self._let_go

        if is_open():
            return False
        call.held_at = now_us()
        self._standing.add(call.id)
        self._notify()
        try:
            await self._until(is_open)
        finally:
            self._standing.discard(call.id)
        call.held_at = None
        return True

    def take_fault(self, key: str, times: int | None) -> bool:
        """Count one use of a question's fault; False when it has been used up."""
        self._faults[key] += 1
        return times is None or self._faults[key] <= times

    async def _until(self, true: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(true)

    def _notify(self) -> None:
        # Changes that come while a notice is on its way share it: 100 streams that start together
        # wake their waiters once.
        if self._notifying is None:
            self._notifying = asyncio.ensure_future(self._send_notice())

    async def _send_notice(self) -> None:
        async with self._changed:
            self._notifying = None
            self._changed.notify_all()
