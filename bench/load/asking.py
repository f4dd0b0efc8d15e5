"""One question, from asking to the verdict on its answer."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import gevent

from bench.load.options import LoadOptions
from bench.load.questions import question_for
from bench.load.readers import Reader
from bench.load.record import Record
from bench.load.sighting import Sighting
from bench.load.verdict import compare_with_stored, delays_ms, examine
from bench.load.wire import Address, Refused, get_json, request
from bench.scripted_model.script import Script

_RETRY_SECONDS = 0.5


@dataclass
class Asking:
    """Asks a question, reads its answer to the end over any number of connections, and checks it.

    `sighting` and `record` fill as it goes on.
    """

    address: Address
    model: Address | None
    options: LoadOptions
    script: Script
    reader: Reader

    def __post_init__(self) -> None:
        """Nothing is seen yet."""
        self.sighting = Sighting()
        self.record = Record(self.reader.kind, time.monotonic())
        self.sent_at_us: list[int] = []

    def run(self) -> Record:
        """Ask, read, check. Whatever happens is in the record."""
        try:
            with gevent.Timeout(self.options.answer_seconds):
                self._read_to_end()
        except gevent.Timeout:
            self.record.hung = True
        except Refused as refused:
            self.record.wrong.append(str(refused))
        self._note_times()
        if self.sighting.ended:
            self._check()
        return self.record

    def _read_to_end(self) -> None:
        key = uuid.uuid4().hex
        body = {"input": question_for(self.script), "background": True, "stream": True}
        while not self.sighting.ended:
            try:
                self._connect(body, key)
            except OSError:
                self.record.refused += 1
            except Refused as refused:
                if not refused.may_pass:
                    raise
                self.record.refused += 1
                gevent.sleep(_RETRY_SECONDS)
            if not self.sighting.ended:
                self.reader.pause()

    def _connect(self, body: dict[str, Any], key: str) -> None:
        known, cursor = self.sighting.response_id, self.sighting.cursor
        if known is None:
            method, path, headers = "POST", "/v1/responses", {"Idempotency-Key": key}
        else:
            method, path = "GET", f"/v1/responses/{known}?stream=true"
            headers = {"Last-Event-ID": str(cursor)}
        sent = body if known is None else None
        buffer = self.reader.receive_buffer_bytes
        with request(self.address, method, path, sent, headers, buffer) as reply:
            self.sighting.connect()
            self.record.connections += 1
            self.reader.read(reply, self.sighting)

    def _note_times(self) -> None:
        self.record.response_id = self.sighting.response_id
        self.record.accepted_at = self.sighting.first_byte_at
        if self.sighting.ended:
            self.record.ended_at = self.sighting.connections[-1][-1][0]

    def _check(self) -> None:
        record = self.record
        verdict = examine(self.sighting, self.script.text)
        record.lost, record.doubled = verdict.lost, verdict.doubled
        record.wrong += verdict.wrong
        record.begun_at, record.resets = verdict.begun_at, verdict.resets
        record.tokens = len(verdict.token_times)
        record.token_times = [round(at, 4) for at in verdict.token_times]
        record.first_token_at = next(iter(verdict.token_times), None)
        record.first_token_number = verdict.first_token_number
        if verdict.final is None or not verdict.ended:
            record.wrong.append("the stream ended without its final event")
            return
        record.status = verdict.final["status"]
        record.timings = verdict.final["millstream"]["timings"]
        if record.status != "completed":
            record.wrong.append(f"it ended as {record.status}: {verdict.final['error']}")
        try:
            stored = get_json(self.address, f"/v1/responses/{record.response_id}")
            record.wrong += compare_with_stored(verdict.final, stored)
            self._measure_delays(verdict.token_times)
        except (OSError, Refused) as error:
            record.wrong.append(f"what is stored could not be read: {error}")

    def _measure_delays(self, token_times: list[float]) -> None:
        if self.model is None:
            return
        calls = get_json(self.model, f"/control/streams?question_contains=id={self.script.id}")
        if len(calls) == 1 and (sent := calls[0]["sent_at"]):
            tokens = self.script.token_list
            # An empty token is no piece of text.
            self.sent_at_us = [at for at, said in zip(sent, tokens, strict=False) if said]
            if len(self.sighting.connections) == 1:
                self.record.delays_ms = delays_ms(token_times, self.sent_at_us)
