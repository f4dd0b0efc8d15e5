"""What a request handler works with, put together once per process."""

import logging
from dataclasses import dataclass
from typing import NoReturn, cast

import gevent
from flask import Flask, current_app

from millstream_api.accepting import Acceptor
from millstream_api.access import Gate
from millstream_api.admission import Admission
from millstream_api.cancelling import Canceller
from millstream_api.gathering import Gathering
from millstream_api.observing.backlog import BacklogMetrics
from millstream_api.observing.exposition import Exposition
from millstream_api.observing.metrics import ApiMetrics
from millstream_api.observing.relay_delay import RelayDelay
from millstream_api.queueing import JobQueue
from millstream_api.relay import Hub, Reads, Source, Streamer, Timekeeper
from millstream_api.seats import Seats
from millstream_api.settings import Settings
from millstream_api.turnstile import Turnstile
from millstream_contract.backlog import redis_backlog
from millstream_contract.broker_keys import BrokerKeys
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.backlog import ledger_backlog
from millstream_contract.moving_up import MovingUp
from millstream_contract.reaper import REAP_EVERY_SECONDS, Reaper
from millstream_contract.redis_connection import redis_client, subscriber_client
from millstream_contract.token_log import LogReads, TokenLog
from millstream_contract.tracing import Tracing, open_tracing
from millstream_contract.work_board import Capacity, WorkBoard

logger = logging.getLogger(__name__)

_KEY = "millstream"
_LEAVING_SECONDS = 1.0
_LETTING_IN_SECONDS = 30.0
"""Who is refused sooner comes again sooner, which is more work and no faster; later than this,
clients and proxies have commonly given up by themselves."""

_BACKLOG_WAIT_SECONDS = 1.0

_CONNECTIONS_OF_REQUESTS = 20

_LOOKS_IN_A_TRIP = 100

_CONNECTIONS_OF_VIEWERS = 2
"""To read logs for all viewers, however many come at once: one for frames, one for counts."""


@dataclass(frozen=True, slots=True)
class Services:
    """The API's parts."""

    settings: Settings
    gate: Gate
    ledger: Ledger
    log: TokenLog
    queue: JobQueue
    hub: Hub
    reads: Reads
    timekeeper: Timekeeper
    delay: RelayDelay
    streamer: Streamer
    seats: Seats
    acceptor: Acceptor
    canceller: Canceller
    exposition: Exposition
    tracing: Tracing
    reaping: "gevent.Greenlet[[Reaper], NoReturn]"

    @classmethod
    def start(cls, settings: Settings, *, most_streams: int) -> "Services":
        """Make the clients and begin to listen; call it in the process that serves."""
        timeout = settings.redis_timeout_seconds
        exposition = Exposition.open()
        metrics = exposition.metrics
        tracing = open_tracing("api")
        pool = open_pool(
            settings.database_url,
            size=settings.database_pool_size,
            reply_seconds=settings.database_timeout_seconds,
        )
        ledger = Ledger.of(pool)
        redis, redis_of_viewers = (
            redis_client(settings.redis_url, timeout_seconds=timeout, most_connections=most)
            for most in (_CONNECTIONS_OF_REQUESTS, _CONNECTIONS_OF_VIEWERS)
        )
        log, board = TokenLog(redis), WorkBoard(redis, lease_seconds=settings.lease_seconds)
        queue = JobQueue(settings.redis_url, timeout_seconds=timeout)
        delay = RelayDelay(redis, metrics.relay)
        hub = Hub(
            lambda: subscriber_client(settings.redis_url),
            viewer_buffer_bytes=settings.viewer_buffer_bytes,
            metrics=metrics.relay,
            written=delay.written,
        )
        reads = Reads(LogReads(redis_of_viewers), ledger.viewing)
        # All viewers of an answer come to a hole in its log at the same time.
        looks: Gathering[str, None] = Gathering(
            lambda ids: _have_looked_at(log, ids), most=_LOOKS_IN_A_TRIP
        )
        source = Source(reads, metrics.relay, looks.ask)
        keep_alive, recheck = settings.keep_alive_seconds, settings.recheck_seconds
        streamer = Streamer(
            hub, source, keep_alive, recheck, settings.send_timeout_seconds, tracing
        )
        timekeeper = Timekeeper(hub, source, keep_alive_seconds=keep_alive, recheck_seconds=recheck)
        moving_up = MovingUp(ledger, board, queue.send)
        canceller = Canceller(
            ledger, log, board, streamer, moving_up, settings.stop_wait_seconds, metrics
        )
        admission = Admission(Capacity(redis), settings.max_queued, settings.max_wait_seconds)
        acceptor = Acceptor(
            ledger,
            redis,
            log,
            board,
            queue,
            canceller,
            metrics,
            settings.when_busy,
            admission,
            settings.most_open,
            tracing,
            Turnstile(2 * settings.database_pool_size, patience_seconds=_LETTING_IN_SECONDS),
        )
        backlog = BacklogMetrics(
            lambda: ledger_backlog(pool, wait_seconds=_BACKLOG_WAIT_SECONDS),
            lambda: redis_backlog(redis),
        )
        exposition.add(backlog.collect)
        hub.start()
        timekeeper.start()
        delay.start()
        gate = Gate.of(settings, ledger.keys, lambda id_: reads.outline(id_).owner)
        reaper = Reaper(
            board, BrokerKeys(redis), log, ledger, lambda job: _send_again(queue, job, metrics)
        )
        reaping = gevent.spawn(_reap_for_ever, reaper)
        return cls(
            settings,
            gate,
            ledger,
            log,
            queue,
            hub,
            reads,
            timekeeper,
            delay,
            streamer,
            Seats(most_streams, refused=metrics.streams_refused.inc),
            acceptor,
            canceller,
            exposition,
            tracing,
            reaping,
        )

    def stop(self) -> None:
        """Close what ``start`` opened."""
        self.reaping.kill()
        # Streams end by themselves; one that does not is cut by the end of the process.
        self.hub.drain()
        self.hub.wait_until_left(_LEAVING_SECONDS)
        self.timekeeper.stop()
        self.delay.stop()
        self.hub.stop()
        self.queue.close()
        self.ledger.pool.close()
        self.tracing.close()

    def install(self, app: Flask) -> None:
        """Make these the services of an app."""
        app.extensions[_KEY] = self


def _have_looked_at(log: TokenLog, response_ids: list[str]) -> list[None]:
    for response_id in response_ids:
        log.request_look(response_id)
    return [None] * len(response_ids)


def services() -> Services:
    """Return the services of the app that handles the current request."""
    return cast(Services, current_app.extensions[_KEY])


def _send_again(queue: JobQueue, job: AnswerJob, metrics: ApiMetrics) -> bool:
    metrics.sent_again.labels("worker" if job.attempt > 1 else "message").inc()
    return queue.send(job)


def _reap_for_ever(reaper: Reaper) -> NoReturn:
    while True:
        gevent.sleep(REAP_EVERY_SECONDS)
        try:
            reaper.reap()
        except Exception:
            logger.exception("the reaper failed; it goes on")
