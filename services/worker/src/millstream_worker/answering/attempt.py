"""One attempt at an answer: what the graph does becomes events, and the events become the log."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from millstream_contract.events import Event
from millstream_contract.jobs import AnswerJob
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Passage, ResponseError, ResponseObject, Usage
from millstream_worker.answering.chat import ModelAnswer
from millstream_worker.answering.earlier_frames import Earlier
from millstream_worker.answering.log_writer import LogWriter
from millstream_worker.answering.passage_keeping import PassageKeeping
from millstream_worker.answering.patience import Waits, patiently
from millstream_worker.answering.prompt import Message, earlier_messages
from millstream_worker.answering.recorder import Ending, Recorder
from millstream_worker.answering.settling import Settling
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.answering.stopwatch import Stopwatch
from millstream_worker.answering.usage import total_usage
from millstream_worker.answering.words import NOT_IN_DOCUMENTS
from millstream_worker.model_errors import ModelError, ModelUnavailable
from millstream_worker.settings import AnswerSettings

logger = logging.getLogger(__name__)

_FIRST_TOKEN_SECONDS: Final = 0.02
"""The longest that the model's thread waits until its first token is in the log."""


class AnswerTooLong(Exception):
    """The answer has grown beyond what one process keeps in memory."""


class Attempt:
    """The run that the graph's nodes see (graph.Run), and its end."""

    def __init__(
        self,
        row: ResponseRow,
        ledger: Ledger,
        writer: LogWriter,
        earlier: Earlier,
        settings: AnswerSettings,
        stop: StopSignal,
        watch: Stopwatch,
        in_background: Callable[[Callable[[], None]], object],
        opinions: Sequence[Usage],
    ) -> None:
        """Work on the response that ``row`` shows as claimed by this attempt.

        in_background: runs a call on another thread, soon. opinions: what the model counted
        beside the answer itself, as it becomes known.
        """
        self.question = row.question
        self.passages: Sequence[Passage] | None = row.passages
        self.watch = watch
        self._row = row
        self._ledger = ledger
        self._writer = writer
        job = AnswerJob(row.id, row.attempt)
        self._keeping = PassageKeeping(job, ledger, in_background)
        self._settling = Settling(job, ledger, writer, settings, stop)
        self._settings = settings
        self._stop = stop
        self._recorder = Recorder(row)
        self._earlier = earlier
        self._answers: list[ModelAnswer] = []
        self._opinions = opinions
        self._resumes = 0
        self._history: list[Message] | None = None
        self.stream_bytes = 0
        """Bytes of the whole stream, once it has ended."""

    def begin(self) -> None:
        """Tell that a worker began, or goes on: behind what was said, or after taking it back."""
        said = self._earlier.said
        can_go_on = said.can_go_on(
            knows_passages=self.passages is not None,
            continues_text=self._settings.continue_answers,
        )
        if can_go_on and not self._earlier.is_restart:
            self._recorder.resume(said)
        elif self._earlier.is_restart or said.begun:
            self._take_back()
        self._tell(self._recorder.begin())
        self._stop.check()

    def keep(self) -> None:
        """Keep what was said, for nothing more will be."""
        if self._earlier.is_restart:
            # It is lost: viewers must not keep what the stored answer does not have.
            self._take_back()
        else:
            self._recorder.resume(self._earlier.said)

    @property
    def was_complete(self) -> bool:
        """True when an earlier attempt had ended the text, and could not store it any more."""
        return self._recorder.is_told

    @property
    def text(self) -> str:
        """What was said so far."""
        return self._recorder.spoken

    def history(self) -> Sequence[Message]:
        """Return what was said before in the conversation."""
        if self._history is None:
            self._history = self._read_history()
        return self._history

    def search_begun(self) -> None:
        """Tell that the documents are being searched."""
        self._tell(self._recorder.search_begun())

    def search_done(self, queries: Sequence[str], kept: Sequence[Passage]) -> None:
        """Tell what was found, and keep it for a later attempt."""
        self._tell(self._recorder.search_done(queries, kept))
        if self.passages is None:
            self.passages = kept
            self._keeping.found(kept)
        self._stop.check()

    def asked(self, answer: ModelAnswer) -> None:
        """Note whom the answer comes from; what it counted is kept however it ends."""
        self._answers.append(answer)
        # While the model thinks: neither the request nor its first token waits for it.
        answer.on_sent = self._keeping.keep
        self.watch.model_asked()

    def say(self, piece: str) -> None:
        """Tell the next piece of the answer."""
        self.watch.model_spoke()
        self._say(piece)

    def not_found(self) -> None:
        """Tell that the documents do not answer the question."""
        self._say(NOT_IN_DOCUMENTS.removeprefix(self.text))

    def resume_after(self, error: ModelError) -> str:
        """Return the text to go on behind, the model having broken off.

        Raises ``error`` when it is not to be asked again; one that could not be reached for a first
        token was asked often enough.
        """
        never_began = isinstance(error, ModelUnavailable) and not self.text
        if not error.retryable or never_began or self._resumes >= self._settings.model_resumes:
            raise error
        self._resumes += 1
        logger.warning("%s attempt %d: %s; asking again", self._row.id, self._row.attempt, error)
        self._stop.wait(Waits.after(self._resumes))
        if not self._settings.continue_answers:
            self._tell(self._recorder.retract("the model broke off"))
            self._tell(self._recorder.begin())
            self.search_begun()
            self.search_done([self.question], self.passages or ())
        return self.text

    def ending(self) -> Ending:
        """Return how the answer ends, the graph having come to its end."""
        match self._answers[-1].finish_reason if self._answers else None:
            case "length":
                return Ending("incomplete", incomplete_reason="max_output_tokens")
            case "content_filter":
                return Ending("incomplete", incomplete_reason="content_filter")
        return Ending("completed")

    def end(self, ending: Ending) -> ResponseObject:
        """Store the end, then tell it.

        Raises Fenced when this attempt was overtaken, LedgerUnavailable when PostgreSQL is away for
        longer than the settings' patience.
        """
        final = self._record_end(ending)
        self.stream_bytes = self._settling.settle(final)
        return final

    def end_as_failed(self, error: ResponseError) -> ResponseObject:
        """Store and tell a bare failure, the real end having failed to be stored.

        Raises as ``end``.
        """
        # Viewers must not keep what the stored answer does not have.
        self._tell(self._recorder.retract("the answer could not be stored"))
        failed = self._row.model_copy(update={"status": "failed", "error": error})
        timed = failed.model_copy(
            update={"timings": self.watch.timings(), "completed_at": datetime.now(UTC)}
        )
        final = timed.as_object()
        self.stream_bytes = self._settling.settle(final)
        return final

    @property
    def model_was_asked(self) -> bool:
        """True when this attempt has asked the model, for the answer or for an opinion."""
        return bool(self._answers or self._opinions)

    @property
    def answer_tokens(self) -> int | None:
        """Tokens of the answer alone; None when the model counted none."""
        usage = total_usage(self._counted())
        return None if usage is None else usage.output_tokens

    def _counted(self) -> list[Usage | None]:
        return [answer.usage for answer in self._answers]

    def _take_back(self) -> None:
        self._tell(self._recorder.retract("another worker starts over"))

    def _record_end(self, ending: Ending) -> ResponseObject:
        timings = self.watch.timings()
        seconds = self.watch.accepted_at() + (timings.total_ms or 0.0) / 1000
        events, final = self._recorder.end(
            ending,
            # Of all requests, also those that broke off and were made again.
            usage=total_usage([*self._opinions, *self._counted()]),
            timings=timings,
            at=datetime.fromtimestamp(seconds, UTC),
        )
        self._tell(events)
        return final

    def _say(self, piece: str) -> None:
        self.watch.text_began()
        is_first = not self._recorder.characters
        self._writer.write_one(self._recorder.text(piece))
        if is_first:
            # The model's next tokens are parsed by this thread, which would keep the processor
            # from the one that has the first token to write.
            self._writer.flush(_FIRST_TOKEN_SECONDS)
        if self._recorder.characters > self._settings.answer_max_characters:
            raise AnswerTooLong(self._row.id)

    def _tell(self, events: Sequence[Event]) -> None:
        self._writer.write(events)

    def _read_history(self) -> list[Message]:
        items = patiently(
            lambda: self._ledger.contexts.of(self._row, self._settings.history_messages),
            what=f"{self._row.id}: reading the conversation",
            seconds=self._settings.ledger_patience_seconds,
            wait=self._stop.wait,
        )
        return earlier_messages(items, self._settings.history_max_characters)
