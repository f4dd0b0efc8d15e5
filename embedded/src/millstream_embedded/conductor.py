"""Brings the parts up in their order, watches them, and says what happens."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from millstream_embedded.errors import CannotRun
from millstream_embedded.log_follower import LogFollower
from millstream_embedded.parts import Part
from millstream_embedded.stop_signals import StopSignals
from millstream_embedded.supervisor import PartState, Supervisor

_POLL_SECONDS = 0.1
_WATCH_SECONDS = 1.0
_TRIES = 3


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

    def await_supervisor(self) -> None:
        """Wait until the supervisor takes orders."""
        self._wait_until(self._supervisor.answers, "the supervisor")

    def start(self, parts: Sequence[Part]) -> None:
        """Order these parts to be started; come back at once."""
        self._signals.check()
        for part in parts:
            self._supervisor.start_part(part.name)

    def await_ready(self, parts: Sequence[Part]) -> None:
        """Wait until all these are ready.

        Raises CannotRun when one ends again and again, or is not ready in time.
        """
        for part in parts:
            starts = _Starts(part.name)
            self._wait_until(partial(self._is_up, part, starts), part.name)

    def watch(self) -> None:
        """Return when a stop is asked for; raise CannotRun when a part is down for good.

        A part that dies is started again by the supervisor, which says so in its log.
        """
        while not self._signals.requested:
            if self._supervisor.has_ended():
                raise CannotRun("the supervisor died; all parts were told to stop")
            for state in self._supervisor.states().values():
                if state.state == "FATAL":
                    raise CannotRun(f"{state.name} died and cannot be started again")
            _sleep_unless(self._signals, _WATCH_SECONDS)

    def _is_up(self, part: Part, starts: "_Starts") -> bool:
        state = self._supervisor.states().get(part.name)
        if state is not None:
            starts.note(state)
        return part.is_ready()

    def _wait_until(self, condition: Callable[[], bool], what: str) -> None:
        while not condition():
            self._signals.check()
            if time.monotonic() > self._deadline:
                raise CannotRun(f"{what} was not ready in time (MILLSTREAM_START_TIMEOUT_SECONDS)")
            time.sleep(_POLL_SECONDS)
        self._signals.check()


class _Starts:
    """Counts how often a part had to be started: one that never comes up shall not try for ever."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: set[int] = set()

    def note(self, state: PartState) -> None:
        self._seen |= {state.pid} - {0}
        if state.state == "FATAL" or len(self._seen) > _TRIES:
            how = state.reason or f"exit status {state.exit_code}"
            raise CannotRun(f"{self._name} cannot start ({how}): its own words are above")


def _sleep_unless(signals: StopSignals, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not signals.requested and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
