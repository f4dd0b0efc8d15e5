"""A further viewer of an answer that somebody else asked for."""

import random
import time

import gevent

from bench.load.arrivals import live_delays_ms
from bench.load.on_air import Airing
from bench.load.readers import PromptReader
from bench.load.record import Record
from bench.load.sighting import Sighting
from bench.load.verdict import compare_streams
from bench.load.wire import Address, Refused, request

_RETRY_SECONDS = 0.5


def view(address: Address, airing: Airing, seconds: float) -> Record:
    """View a running answer to its end, from its start or from where it is, and check it."""
    asked = airing.asking
    start = random.choice((-1, asked.sighting.cursor))
    record = Record("viewer", time.monotonic(), asked.sighting.response_id)
    sighting, reader = Sighting(start), PromptReader()
    airing.viewers += 1
    try:
        with gevent.Timeout(seconds):
            while not sighting.ended:
                _connect(address, sighting, reader, record)
            airing.over.wait()
    except gevent.Timeout:
        record.hung = True
    except Refused as refused:
        record.wrong.append(str(refused))
    finally:
        airing.viewers -= 1
    record.accepted_at = sighting.first_byte_at
    if sighting.ended:
        record.ended_at = sighting.connections[-1][-1][0]
        _check(record, sighting, airing)
    return record


def _connect(address: Address, sighting: Sighting, reader: PromptReader, record: Record) -> None:
    path = f"/v1/responses/{record.response_id}?stream=true&starting_after={sighting.cursor}"
    try:
        with request(address, "GET", path) as reply:
            sighting.connect()
            record.connections += 1
            reader.read(reply, sighting)
    except OSError:
        record.refused += 1
        reader.pause()
    except Refused as refused:
        if not refused.may_pass:
            raise
        record.refused += 1
        gevent.sleep(_RETRY_SECONDS)


def _check(record: Record, sighting: Sighting, airing: Airing) -> None:
    if not airing.stored:
        record.wrong.append("there is no stored stream to compare with")
        return
    verdict = compare_streams(sighting, airing.stored)
    record.lost, record.doubled = verdict.lost, verdict.doubled
    record.wrong += verdict.wrong
    record.status = airing.asking.record.status
    if record.faultless:
        record.delays_ms = live_delays_ms(
            sighting, airing.stored, airing.token_ends, airing.asking.sent_at_us
        )
