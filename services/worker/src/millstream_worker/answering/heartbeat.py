"""The heartbeat: renews the leases of this process's answers, and learns which are lost.

A lease is lost when somebody found it expired (this process was frozen or cut off; another attempt
goes on) or when Redis has lost it. The ledger tells which: who still holds the response takes its
lease anew and looks after its log; who does not stops, and writes nothing more.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

from millstream_contract.errors import ContractError, LedgerUnavailable, LogUnavailable
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import Standing
from millstream_contract.work_board import Lease, WorkBoard
from millstream_worker.answering.admission import Admission
from millstream_worker.answering.stopping import StopReason, StopSignal

logger = logging.getLogger(__name__)

_BEATS_TO_ALSO: Final = 4

_LATE_BEATS: Final = 2
"""Beats this many times further apart than they should be show that the process is overloaded."""


@dataclass(slots=True)
class _Held:
    stop: StopSignal
    redis_lost_something: Callable[[], None] | None = None


class Heartbeat:
    """Keeps leases alive, by one thread per process."""

    def __init__(
        self,
        board: WorkBoard,
        renewing: WorkBoard,
        ledger: Ledger,
        *,
        every_seconds: float,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """Renew ``every_seconds``, several times within a lease; call start().

        renewing: the same board over a connection of its own: a beat waits for no other thread's.
        also: called with every fourth beat; it may raise ContractError.
        """
        self._board = board
        self._renewing = renewing
        self._ledger = ledger
        self._every_seconds = every_seconds
        self._also = also
        self._held: dict[Lease, _Held] = {}
        self._lock = threading.Lock()
        self._admission = Admission(
            late_seconds=_LATE_BEATS * every_seconds, held=lambda: len(self._held)
        )
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def close(self) -> None:
        """Stop renewing."""
        self._closed.set()
        self._thread.join()

    def admit(self, stop: StopSignal) -> None:
        """Wait until this process can take on one more answer. Raises Stopped."""
        self._admission.enter(stop)

    @contextmanager
    def holding(self, lease: Lease, stop: StopSignal) -> Iterator[None]:
        """Within the block, the lease lives; ``stop`` is asked for when it is lost for good."""
        with self._lock:
            self._held[lease] = _Held(stop)
        try:
            self._take(lease)
            yield
        finally:
            with self._lock:
                del self._held[lease]

    def watch_log(self, lease: Lease, redis_lost_something: Callable[[], None]) -> None:
        """Have this called when Redis has lost what it knew of the lease: likely the log, too."""
        with self._lock:
            if lease in self._held:
                self._held[lease].redis_lost_something = redis_lost_something

    def beat(self) -> None:
        """Renew all leases once."""
        with self._lock:
            leases = list(self._held)
        if not leases:
            return
        try:
            lost = self._renewing.renew(leases)
        except LogUnavailable as error:
            logger.debug("leases cannot be renewed now: %s", error)
            self._look_at_ledger(leases)
        else:
            self._look_at_ledger(lost, retake=True)

    def _run(self) -> None:
        due = time.monotonic()
        for beats in count():
            if self._closed.wait(max(0.0, due - time.monotonic())):
                return
            # Counted from beat to beat: what one took does not come on top.
            due = time.monotonic() + self._every_seconds
            try:
                self.beat()
                if beats % _BEATS_TO_ALSO == 0:
                    self._also()
            except ContractError as error:
                logger.debug("a heartbeat was not heard: %s", error)
            except Exception:
                logger.exception("a heartbeat failed; the next one comes")
            self._admission.beaten()

    def _look_at_ledger(self, leases: Sequence[Lease], *, retake: bool = False) -> None:
        if not leases:
            return
        try:
            standings = self._ledger.responses.standings([one.response_id for one in leases])
        except LedgerUnavailable as error:
            logger.debug("nobody can say whose the answers are: %s", error)
            return
        for lease in leases:
            self._compare(lease, standings.get(lease.response_id), retake=retake)

    def _compare(self, lease: Lease, standing: Standing | None, *, retake: bool) -> None:
        with self._lock:
            held = self._held.get(lease)
        if held is None:
            return
        if standing is None or standing.attempt != lease.attempt:
            logger.warning("%s: attempt %d has lost its lease", lease.response_id, lease.attempt)
            held.stop.request(StopReason.FENCED)
            return
        if standing.cancel_requested:
            held.stop.request(StopReason.CANCELLED)
        if retake and standing.is_open_for(lease.attempt):
            self._take(lease)
            if held.redis_lost_something is not None:
                held.redis_lost_something()

    def _take(self, lease: Lease) -> None:
        try:
            self._board.take(lease)
        except ContractError as error:
            # The next beat finds the lease missing, and takes it.
            logger.debug("%s: its lease is not on the board yet: %s", lease.response_id, error)
