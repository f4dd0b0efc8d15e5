"""The answers that run here, a stop signal for each, and a listener for what the API wishes."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

from redis import Redis, RedisError
from redis.client import PubSub

from millstream_contract.errors import ContractError, LogUnavailable
from millstream_contract.keys import LOOKS_CHANNEL, STOPS_CHANNEL
from millstream_contract.ledger import Ledger

logger = logging.getLogger(__name__)

_RECONNECT_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 1.0
_SILENT_POLLS: Final = 5
"""After so many the server is asked for a sign of life; after twice as many it counts as gone."""


class StopReason(Enum):
    """Why an answer is to stop."""

    CANCELLED = "its owner asked for it"
    FENCED = "a later attempt holds it"
    HANDED_OVER = "this worker shuts down"


_ANY: Final = frozenset(StopReason)


class Stopped(Exception):
    """The answer was told to stop."""

    def __init__(self, reason: StopReason) -> None:
        """Keep the reason."""
        super().__init__(reason.value)
        self.reason = reason


class StopSignal:
    """Tells one answer to stop, also while its thread waits for the model."""

    def __init__(self) -> None:
        self._asked = threading.Condition()
        self._reason: StopReason | None = None
        self._wake: Callable[[], None] | None = None

    def request(self, reason: StopReason) -> None:
        """Ask for a stop. The first reason stays, but who is fenced may write nothing more."""
        with self._asked:
            if self._reason is None or reason is StopReason.FENCED:
                self._reason = reason
            self._asked.notify_all()
            if self._wake is not None:
                self._wake()

    @property
    def reason(self) -> StopReason | None:
        """Why a stop was asked for; None while it was not."""
        return self._reason

    def check(self) -> None:
        """Raise Stopped when a stop was asked for."""
        if self._reason is not None:
            raise Stopped(self._reason)

    def wait(self, seconds: float, *, reasons: Collection[StopReason] = _ANY) -> None:
        """Sleep, but no longer than until a stop is asked for (for one of these reasons).

        Raises Stopped when it is, or was before.
        """
        with self._asked:
            if self._asked.wait_for(lambda: self._reason in reasons, seconds):
                self.check()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Within the block, call ``wake`` when a stop is asked for; at once when it was."""
        with self._asked:
            self._wake = wake
            if self._reason is not None:
                wake()
        try:
            yield
        finally:
            with self._asked:
                self._wake = None


class RunningAnswers:
    """The answers that this process works on."""

    def __init__(self) -> None:
        # By response, and by signal: what is to be called when its log is to be looked at.
        self._here: dict[str, dict[StopSignal, Callable[[], None]]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(self, response_id: str) -> Iterator[StopSignal]:
        """Within the block, the answer can be stopped by its id.

        A repeated message of it, or a later attempt, may be here at the same time.
        """
        signal = StopSignal()
        with self._lock:
            self._here.setdefault(response_id, {})[signal] = _nothing_to_look_at
        try:
            yield signal
        finally:
            with self._lock:
                del self._here[response_id][signal]
                if not self._here[response_id]:
                    del self._here[response_id]

    def watch_log(self, response_id: str, stop: StopSignal, look: Callable[[], None]) -> None:
        """Have ``look`` called, for the run with this signal, when a reader found a hole."""
        with self._lock:
            self._here[response_id][stop] = look

    def stop(self, response_id: str, reason: StopReason) -> None:
        """Ask this answer to stop, if it is here."""
        with self._lock:
            signals = list(self._here.get(response_id, ()))
        for signal in signals:
            signal.request(reason)

    def look(self, response_id: str) -> None:
        """Have the log of this answer looked at, if its writer is here."""
        with self._lock:
            looks = list(self._here.get(response_id, {}).values())
        for look in looks:
            look()

    def stop_all(self, reason: StopReason) -> None:
        """Ask all answers to stop."""
        for response_id in self.ids():
            self.stop(response_id, reason)

    def ids(self) -> list[str]:
        """Return which answers are here."""
        with self._lock:
            return list(self._here)


class WishListener:
    """Hears the stops, and the wishes for a look, of the API: one thread and connection a process.

    Redis forgets what it publishes to nobody: after each connect, the ledger tells which of the
    running answers were to stop meanwhile. A look is wished for again while the hole is there.
    """

    def __init__(self, redis: Redis, ledger: Ledger, running: RunningAnswers) -> None:
        """Listen by a client made for one subscription; call start()."""
        self._redis = redis
        self._ledger = ledger
        self._running = running
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wish-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Stop the answers of which the ledger says that they are to. Raises LedgerUnavailable."""
        running = self._running.ids()
        standings = self._ledger.responses.standings(running) if running else {}
        for response_id, standing in standings.items():
            if standing.cancel_requested:
                self._running.stop(response_id, StopReason.CANCELLED)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen()
            except (RedisError, ContractError) as error:
                logger.warning("cannot hear the API's wishes, trying again: %s", error)
                self._closed.wait(_RECONNECT_SECONDS)
            except Exception:
                logger.exception("the listener for wishes failed; it listens again")
                self._closed.wait(_RECONNECT_SECONDS)

    def _listen(self) -> None:
        with self._redis.pubsub() as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(LOOKS_CHANNEL, STOPS_CHANNEL)
            silent = 0
            while not self._closed.is_set():
                message = subscription.get_message(timeout=_POLL_SECONDS)
                if message is None:
                    silent += 1
                    _ask_for_life(subscription, silent)
                    continue
                silent = 0
                channel = (message["channel"] or b"").decode()
                if message["type"] == "subscribe" and channel == STOPS_CHANNEL:
                    self.catch_up()
                elif message["type"] == "message":
                    self._heed(channel, message["data"])

    def _heed(self, channel: str, wish: bytes) -> None:
        response_id = wish.decode(errors="replace")
        if channel == LOOKS_CHANNEL:
            self._running.look(response_id)
        else:
            self._running.stop(response_id, StopReason.CANCELLED)


def _nothing_to_look_at() -> None:
    """Its writer, when there is one, begins by a look."""


def _ask_for_life(subscription: PubSub, silent_polls: int) -> None:
    # A connection whose other end is gone without a word looks like one with nothing to say.
    if silent_polls == _SILENT_POLLS:
        subscription.ping()
    elif silent_polls == 2 * _SILENT_POLLS:
        raise LogUnavailable("no reply to a ping")
