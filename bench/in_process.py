"""The same answer without queue, log and relay: the graph, called in this process."""

import time
from collections.abc import Sequence

from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.rows import NewResponse, ResponseRow
from millstream_contract.objects import Passage
from millstream_worker.answering.chat import ChatModel, ModelAnswer
from millstream_worker.answering.graph import build_graph, run_graph
from millstream_worker.answering.prompt import Message
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.answering.stopwatch import Stopwatch
from millstream_worker.answering.tools import AnswerTools, Models
from millstream_worker.embeddings import Embeddings
from millstream_worker.model_errors import ModelError
from millstream_worker.settings import AnswerSettings
from millstream_worker.workspace import open_workspace


class _Listener:
    """A run of the graph that only notes when the first token comes."""

    def __init__(self, row: ResponseRow) -> None:
        self.question = row.question
        self.passages: Sequence[Passage] | None = None
        self.watch = Stopwatch(row)
        self.first_token_at: float | None = None
        self.text = ""

    def history(self) -> Sequence[Message]:
        return ()

    def search_begun(self) -> None:
        """Tell nobody."""

    def search_done(self, queries: Sequence[str], kept: Sequence[Passage]) -> None:
        """Tell nobody."""

    def say(self, piece: str) -> None:
        if self.first_token_at is None:
            self.first_token_at = time.perf_counter()
        self.text += piece

    def not_found(self) -> None:
        raise AssertionError("the question must find passages, or the model is not measured")

    def asked(self, answer: ModelAnswer) -> None:
        """Note nothing."""

    def resume_after(self, error: ModelError) -> str:
        raise error


class InProcess:
    """Answers in this process, with the worker's own graph, tools and clients."""

    def __init__(self, settings: AnswerSettings) -> None:
        self._settings = settings
        self._pool = open_pool(settings.database_url, size=2)
        self._ledger = Ledger.of(self._pool)
        workspace = open_workspace(timeout_seconds=10, connections=2)
        embeddings = Embeddings(
            workspace.api_client,
            settings.embeddings_endpoint,
            batch_texts=settings.embeddings_batch_texts,
            input_type=settings.embeddings_input_type,
        )
        self._models = Models(ChatModel(workspace, settings), embeddings)
        self._graph = build_graph()

    def first_token_ms(self, question: str) -> float:
        """Answer a question; return milliseconds until its first token."""
        row = self._row(question)
        stop = StopSignal()
        tools = AnswerTools(row, self._ledger, self._models, self._settings, stop)
        listener = _Listener(row)
        begun = time.perf_counter()
        run_graph(self._graph, listener, tools)
        if listener.first_token_at is None:
            raise AssertionError("no token came")
        return (listener.first_token_at - begun) * 1000

    def close(self) -> None:
        """Release the connections."""
        self._pool.close()

    def _row(self, question: str) -> ResponseRow:
        new = NewResponse("bench", question, self._settings.chat_endpoint)
        row = self._ledger.responses.accept(new).row
        # Nobody is to answer it: it only carries the question.
        claimed = self._ledger.responses.claim(row.id, 1)
        assert claimed is not None
        failed = claimed.as_object().model_copy(update={"status": "failed", "completed_at": 0.0})
        self._ledger.responses.finish(failed, 1, b"")
        return claimed
