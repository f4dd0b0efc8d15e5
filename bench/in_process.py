"""The same answer without queue, log and relay: the graph, called in this process."""

import time
from collections.abc import Sequence

from databricks_langchain import ChatDatabricks
from openai import OpenAI

from bench.stream_client import Seen
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.ledger.rows import ResponseRow
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
        self.seen = Seen(time.monotonic_ns() // 1000)
        self.text = ""

    def history(self) -> Sequence[Message]:
        return ()

    def search_begun(self) -> None:
        """Tell nobody."""

    def search_done(self, queries: Sequence[str], kept: Sequence[Passage]) -> None:
        """Tell nobody."""

    def say(self, piece: str) -> None:
        self.seen.deltas_at.append(time.monotonic_ns() // 1000)
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
        workspace = self._workspace = open_workspace(timeout_seconds=10, connections=2)
        embeddings = Embeddings(
            workspace.api_client,
            settings.embeddings_endpoint,
            batch_texts=settings.embeddings_batch_texts,
            input_type=settings.embeddings_input_type,
        )
        self._models = Models(ChatModel(workspace, settings), embeddings)
        self._graph = build_graph()

    def answer(self, question: str) -> Seen:
        """Answer a question; return when its tokens came."""
        row = self._row(question)
        stop = StopSignal()
        tools = AnswerTools(row, self._ledger, self._models, self._settings, stop)
        listener = _Listener(row)
        run_graph(self._graph, listener, tools)
        return listener.seen

    def read_model(self, question: str) -> None:
        """Read the model's answer by ChatDatabricks alone."""
        chat = ChatDatabricks(
            endpoint=self._settings.chat_endpoint, workspace_client=self._workspace
        )
        for _ in chat.stream([("user", question)]):
            continue

    def read_openai(self, question: str) -> None:
        """Read the model's answer by the client below ChatDatabricks alone."""
        client = OpenAI(
            base_url=f"{self._workspace.config.host}/serving-endpoints", api_key="scripted"
        )
        with (
            client,
            client.chat.completions.create(
                model=self._settings.chat_endpoint,
                messages=[{"role": "user", "content": question}],
                stream=True,
            ) as chunks,
        ):
            for _ in chunks:
                continue

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
