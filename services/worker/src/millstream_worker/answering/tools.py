"""The graph's tools, over the ledger and the models."""

from collections.abc import Sequence
from dataclasses import dataclass

from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Passage, Usage
from millstream_worker.answering.chat import ChatModel, ModelAnswer
from millstream_worker.answering.condensing import standalone
from millstream_worker.answering.content_words import content_words
from millstream_worker.answering.grading import default_min_cosine, helpful, shortened
from millstream_worker.answering.model_opinions import helpful_by_model, query_by_model
from millstream_worker.answering.patience import patiently
from millstream_worker.answering.prompt import Message, last_question, prompt
from millstream_worker.answering.rewriting import key_words
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.embeddings import Embeddings
from millstream_worker.settings import AnswerSettings


@dataclass(frozen=True, slots=True)
class Models:
    """What a process asks models by."""

    chat: ChatModel
    embeddings: Embeddings


class AnswerTools:
    """The tools for one answer. Methods raise Stopped, ModelError and LedgerUnavailable."""

    def __init__(
        self,
        row: ResponseRow,
        ledger: Ledger,
        models: Models,
        settings: AnswerSettings,
        stop: StopSignal,
    ) -> None:
        """Work for the response ``row``."""
        self._row = row
        self._ledger = ledger
        self._models = models
        self._settings = settings
        self._stop = stop
        self.opinions: list[Usage] = []
        """What the model counted for grading, condensing and rewriting, as far as it did that."""

    def search(self, query: str) -> list[Passage]:
        """Return passages near a query, best first."""
        self._stop.check()
        vector = self._models.embeddings.embed_query(query)
        # As plain words: a quote or a minus in a question must not become a search operator.
        words = " ".join(content_words(query))
        return patiently(
            lambda: self._ledger.passages.search(words, vector, self._settings.search_passages),
            what=f"{self._row.id}: search",
            seconds=self._settings.ledger_patience_seconds,
            wait=self._stop.wait,
        )

    def grade(self, query: str, found: Sequence[Passage]) -> list[Passage]:
        """Return the passages that help to answer, short enough for the prompt."""
        self._stop.check()
        settings = self._settings
        floor = settings.grade_min_cosine
        if floor is None:
            floor = default_min_cosine(settings.embeddings_endpoint)
        good = helpful(query, found, floor)
        if good and settings.grading == "model":
            good = helpful_by_model(
                self._models.chat, query, good, self._stop, self.opinions.append
            )
        return shortened(query, good, settings.max_passages, settings.passages_max_characters)

    def condense(self, question: str, history: Sequence[Message]) -> str:
        """Return the question as it stands on its own."""
        self._stop.check()
        match self._settings.condensing:
            case "off":
                return question
            case "model":
                query = self._query_by_model(question, history)
                if query is not None:
                    return query
        return standalone(question, history)

    def rewrite(self, question: str, history: Sequence[Message]) -> str:
        """Return another query."""
        self._stop.check()
        if self._settings.rewriting == "model":
            query = self._query_by_model(question, history)
            if query is not None:
                return query
        return key_words(question, last_question(history)) or question

    def _query_by_model(self, question: str, history: Sequence[Message]) -> str | None:
        chat = self._models.chat
        return query_by_model(chat, question, history, self._stop, self.opinions.append)

    def ask(
        self, passages: Sequence[Passage], history: Sequence[Message], prefix: str
    ) -> ModelAnswer:
        """Ask the model; an endpoint that continues an assistant message goes on behind it."""
        self._stop.check()
        row = self._row
        question = row.question
        if self._settings.condensing == "keywords":
            # A large model has the history to understand it by; a small one has its words only.
            question = standalone(question, history)
        messages = prompt(question, passages, history, row.instructions)
        if prefix:
            messages.append(Message("assistant", prefix))
        return self._models.chat.answer(
            messages,
            self._stop,
            # The API lets a request name an endpoint of its list, and notes the default otherwise.
            endpoint=row.model,
            temperature=row.temperature,
            max_output_tokens=row.max_output_tokens,
        )
