"""Asks a worker directly, without the API: ledger, queue and token log, as the API uses them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from celery import Celery
from redis import Redis

from bench.scripted_model.client import ScriptedModel
from bench.scripted_model.embeddings import embed
from millstream_contract.frames import Frame, decode_event, split_frames
from millstream_contract.jobs import SHARED_CELERY_SETTINGS, AnswerJob
from millstream_contract.keys import log_key, state_key
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.documents import Chunk
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.pool import Connection, Pool
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import FINAL_STATUSES
from millstream_contract.opening import opening_frames
from millstream_contract.token_log import TokenLog
from tests.harness.deadlines import eventually
from tests.harness.processes import ServerProcess
from tests.harness.services import start_worker
from tests.harness.stack import Backends
from tests.harness.transcript import output_text

OWNER = "tester"
DIMENSIONS = 384
DOCUMENTS = {
    "Token log": "The token log is a Redis Stream. It holds the frames of one response.",
    "Fence": "The fence keeps an older attempt from writing. It is a number that only rises.",
    "Bread": "Sourdough bread needs flour, water, salt and patience.",
}


@dataclass(frozen=True)
class Told:
    """What a finished response tells, in the log and in the ledger."""

    row: ResponseRow
    frames: list[Frame]
    stored: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        return [decode_event(frame) for frame in self.frames]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def deltas(self) -> str:
        """The text of the latest attempt, as a viewer assembles it."""
        text = ""
        for event in self.events:
            if event["type"] == "millstream.attempt.reset":
                text = ""
            elif event["type"] == "response.output_text.delta":
                text += event["delta"]
        return text

    @property
    def final(self) -> dict[str, Any]:
        response: dict[str, Any] = self.events[-1]["response"]
        return response

    @property
    def text(self) -> str:
        return output_text(self.final)


@dataclass(frozen=True)
class Desk:
    """Where tests ask."""

    ledger: Ledger
    log: TokenLog
    redis: "Redis"
    queue: Celery
    model: ScriptedModel

    def accept(self, question: str, **settings: Any) -> ResponseRow:
        """Accept a question, and open its log."""
        new = NewResponse(owner=OWNER, question=question, model="scripted-chat", **settings)
        row = self.ledger.responses.accept(new).row
        self.log.append(row.id, 0, opening_frames(row))
        return row

    @contextmanager
    def unseen(self) -> Iterator["Desk"]:
        """Give a desk whose entries in the ledger are seen at the end of the block, all at once.

        The worker's reaper, which begins what it finds in the ledger and in no line, finds none of
        them half prepared.
        """
        with self.ledger.pool.connection() as connection, connection.transaction():
            alone = cast(Pool, _OneConnection(connection))
            yield replace(self, ledger=Ledger.of(alone))

    def send(self, response_id: str, attempt: int = 1) -> None:
        """Put the job on the queue."""
        job = AnswerJob(response_id, attempt)
        self.queue.send_task(job.task, job.arguments(), queue=job.queue)

    def ask(self, question: str, **settings: Any) -> str:
        """Accept and enqueue a question; return the response's id."""
        row = self.accept(question, **settings)
        self.send(row.id)
        return row.id

    def cancel(self, response_id: str) -> None:
        """Ask for a stop as the API does: written down first, then published."""
        self.ledger.responses.request_cancel(response_id, OWNER)
        self.log.request_stop(response_id)

    def lose_log(self, response_id: str) -> None:
        """Let Redis forget a log; nobody is told, as the worker would be of a deleted response."""
        self.redis.delete(log_key(response_id), state_key(response_id))

    def row(self, response_id: str) -> ResponseRow:
        return self.ledger.responses.get(response_id)

    def finished(self, response_id: str, seconds: float = 30.0) -> Told:
        """Wait for the final frame in the log; check that log, ledger and items say the same."""

        def ended() -> bool:
            newest: Any = self.redis.xrevrange(log_key(response_id), count=1)
            return bool(newest) and Frame(0, newest[0][1][b"f"]).is_final

        eventually(f"the end of {response_id}", ended, seconds)
        frames = list(self.log.read_all(response_id))
        stored = self.ledger.viewing.logs([response_id])[response_id]
        assert stored is not None, "the final frame was told before the end was stored"
        told = Told(self.row(response_id), frames, stored)
        self._check(told)
        return told

    def stored_end(self, response_id: str, seconds: float = 30.0) -> Told:
        """Wait for the end in the ledger alone, for when Redis is away."""
        eventually(
            f"{response_id} to be final",
            lambda: self.row(response_id).status in FINAL_STATUSES,
            seconds,
        )
        stored = self.ledger.viewing.logs([response_id])[response_id]
        assert stored is not None
        return Told(self.row(response_id), list(split_frames(stored)), stored)

    def until_text(self, response_id: str, characters: int) -> None:
        """Wait until the log holds this much text."""

        def enough() -> bool:
            events = map(decode_event, self.log.read_all(response_id))
            return sum(len(event.get("delta", "")) for event in events) >= characters

        eventually(f"{characters} characters of {response_id}", enough)

    def _check(self, told: Told) -> None:
        assert b"".join(frame.data for frame in told.frames) == told.stored
        numbers = [event["sequence_number"] for event in told.events]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        # A stream begins with its first event, or with one that takes all before it back.
        assert numbers[0] == 0 or told.types[0] == "millstream.attempt.reset"
        assert told.text == told.deltas
        output = self.ledger.responses.output(told.row.id)
        assert [item.model_dump(mode="json") for item in output] == told.final["output"]
        assert told.row.as_object(output).model_dump(mode="json") == told.final


@dataclass(frozen=True)
class _OneConnection:
    """Lends the same connection to everybody: what is written is one transaction's."""

    lent: Connection

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        yield self.lent


@contextmanager
def open_desk(backends: Backends) -> Iterator[Desk]:
    """Open a desk over migrated, empty backends, with a few documents to ask about."""
    queue = Celery(broker=backends.redis_url, set_as_current=False)
    queue.conf.update(SHARED_CELERY_SETTINGS)
    with (
        open_pool(backends.database_url, size=4) as pool,
        Redis.from_url(backends.redis_url) as redis,
    ):
        ledger = Ledger.of(pool)
        _fill(ledger)
        yield Desk(ledger, TokenLog(redis), redis, queue, backends.model)
        queue.close()


@contextmanager
def staffed_desk(backends: Backends) -> Iterator[tuple[Desk, ServerProcess]]:
    """Open a desk before a worker, which must end by itself when it is told to."""
    with open_desk(backends) as desk:
        worker = start_worker(backends.settings())
        yield desk, worker
        worker.stop(30)


def _fill(ledger: Ledger) -> None:
    ledger.documents.use_embeddings_of("scripted-embeddings", DIMENSIONS)
    for title, text in DOCUMENTS.items():
        document_id, _ = ledger.documents.put(f"{title}.md", title, "text/markdown", text)
        vector = embed(text, DIMENSIONS)
        document = ledger.documents.get(document_id)
        ledger.documents.replace_chunks(document, [Chunk(title, text, vector)])
