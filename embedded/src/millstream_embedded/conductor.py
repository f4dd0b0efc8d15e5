"""Brings the parts up in their order, watches them, and says what happens."""

import time
from collections.abc import Callable, Sequence

from millstream_embedded.errors import CannotRun
from millstream_embedded.log_follower import LogFollower
from millstream_embedded.parts import Part
from millstream_embedded.stop_signals import StopSignals
from millstream_embedded.supervisor import PartState, Supervisor

_ASK_AGAIN_SECONDS = 0.1
_WATCH_SECONDS = 1.0
_MOST_STARTS = 4


class Conductor:
    """Orders to the supervisor, with patience that ends at `deadline` (monotonic seconds)."""

    def __init__(
        self, supervisor: Supervisor, signals: StopSignals, logs: LogFollower, deadline: float
    ) -> None:
        """Nothing happens before the first order."""
        self._supervisor = supervisor
        self._signals = signals
        self._logs = logs
        self._deadline = deadline
        self._started: list[_StartedPart] = []

    def await_supervisor(self) -> None:
        """Wait until the supervisor takes orders."""
        while not self._supervisor.answers():
            self._pause("the supervisor")

    def start(self, parts: Sequence[Part]) -> None:
        """Order these parts to be started; come back at once."""
        self._signals.check()
        for part in parts:
            self._started.append(_StartedPart(part))
            self._supervisor.start_part(part.name)

    def await_ready(self) -> None:
        """Wait until all that was started is ready.

        Raises CannotRun when a part ends again and again, or is not ready in time.
        """
        while waiting := self._not_ready():
            self._pause(", ".join(waiting))

    def watch(self) -> None:
        """Return when a stop is asked for; raise CannotRun when a part does not come back.

        A part that dies is started again by the supervisor, which says so in its log.
        """
        while not self._signals.requested:
            self._check_supervisor()
            self._not_ready(self._logs.say)
            self._signals.wait(_WATCH_SECONDS)

    def _not_ready(self, announce: Callable[[str], None] = lambda _: None) -> list[str]:
        states = self._supervisor.states()
        for part in self._started:
            state = states.get(part.name)
            if state is not None:
                part.look(state, announce)
        return [part.name for part in self._started if not part.is_ready]

    def _pause(self, what: str) -> None:
        self._signals.check()
        self._check_supervisor()
        if time.monotonic() > self._deadline:
            raise CannotRun(f"{what} not ready in time (MILLSTREAM_START_TIMEOUT_SECONDS)")
        # Nobody tells that a part is ready: it has to be asked.
        self._signals.wait(_ASK_AGAIN_SECONDS)

    def _check_supervisor(self) -> None:
        if self._supervisor.has_ended():
            raise CannotRun("the supervisor died; all parts were told to stop")


class _StartedPart:
    """Knows whether a part is ready, and how often it was started since it last was."""

    def __init__(self, part: Part) -> None:
        self.name = part.name
        self.is_ready = False
        self._part = part
        self._ask = part.watch_start()
        self._last_start = 0
        self._starts = 0

    def look(self, state: PartState, announce: Callable[[str], None]) -> None:
        """Take note of its state; raise CannotRun when it tries in vain."""
        if state.started != self._last_start:
            self._note_start(state)
        if not self.is_ready and state.pid and self._ask():
            self.is_ready = True
            self._starts = 0
            # Now, and not at its next start: that may be over before anybody looks.
            self._ask = self._part.watch_start()
            announce(f"{self.name} is ready.")

    def _note_start(self, state: PartState) -> None:
        self._last_start = state.started
        self._starts += 1
        self.is_ready = False
        if self._starts > _MOST_STARTS:
            how = state.reason or "its own words are above"
            raise CannotRun(
                f"{self.name} was started {_MOST_STARTS} times and never got ready: {how}"
            )
