"""The chat model: ChatDatabricks, with limits, stops, and errors that say what to do about them."""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any, Final

import httpx
from databricks.sdk import WorkspaceClient
from databricks_langchain import ChatDatabricks
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessageChunk
from langchain_core.messages.ai import UsageMetadata
from openai import OpenAIError

from millstream_contract.objects import InputTokensDetails, OutputTokensDetails, Usage
from millstream_contract.storable_text import SurrogateJoiner
from millstream_worker.answering.chunk_parsing import parse_chunks_by_schema
from millstream_worker.answering.model_connection import ConnectionHook, ModelConnection
from millstream_worker.answering.prompt import Message
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.answering.translation import translated
from millstream_worker.model_errors import ModelCut, ModelRefused, ModelUnavailable
from millstream_worker.settings import AnswerSettings

logger = logging.getLogger(__name__)

# What reading a stream can raise: the client's own errors, the transport's, and bad JSON.
_RAISED: Final = (OpenAIError, httpx.HTTPError, ValueError, OSError)
_FIRST_PAUSE_SECONDS: Final = 0.25


class ChatModel:
    """The endpoints that talk. One per process; safe to share between threads."""

    def __init__(self, workspace: WorkspaceClient, settings: AnswerSettings) -> None:
        """Build the client; it connects when first asked."""
        self._settings = settings
        self._client = ChatDatabricks(
            endpoint=settings.chat_endpoint,
            workspace_client=workspace,
            # It limits each read, so it limits the silence, not the answer.
            timeout=settings.model_stall_seconds,
            # Repeats are made here: the client's own sleep (up to a minute) hears no stop.
            max_retries=0,
        )
        parse_chunks_by_schema(self._client.client)
        # No public way leads to the client's transport; a test holds this one.
        self._connections = ConnectionHook(
            self._client.client._client, settings.model_connect_seconds
        )

    def answer(
        self,
        messages: Sequence[Message],
        stop: StopSignal,
        *,
        endpoint: str | None = None,
        temperature: float | None = None,
        max_output_tokens: int | None = None,
    ) -> "ModelAnswer":
        """Return the answer, which is asked for as it is iterated over.

        What is None is as the settings say.
        """
        options: dict[str, Any] = {
            "model": endpoint or self._settings.chat_endpoint,
            "max_tokens": max_output_tokens or self._settings.max_output_tokens,
        }
        wanted = self._settings.temperature if temperature is None else temperature
        if wanted is not None:
            options["temperature"] = wanted
        if self._settings.model_asks_usage:
            options["stream_options"] = {"include_usage": True}
        return ModelAnswer(self, _pairs(messages), options, stop)

    def structured(
        self,
        messages: Sequence[Message],
        schema: dict[str, Any],
        stop: StopSignal,
        counted: Callable[[Usage], None],
    ) -> dict[str, Any]:
        """Ask for one JSON object of this schema (with a title). Raises ModelError, Stopped.

        counted: hears the tokens that it took, also when what came makes no sense.
        """
        asked = self._client.with_structured_output(schema, method="json_schema", include_raw=True)
        connection = ModelConnection()
        try:
            with stop.waking(connection.shut), self._connections.watching(connection):
                reply = asked.invoke(_pairs(messages))
        except _RAISED as error:
            stop.check()
            raise translated(error, begun=False) from error
        raw, parsed = reply["raw"], reply["parsed"]
        if isinstance(raw, AIMessage) and raw.usage_metadata:
            counted(_usage(raw.usage_metadata))
        if not isinstance(parsed, dict):
            raise ModelRefused(f"no object of the schema: {raw.content!r:.200}")
        return parsed

    def chunks(
        self,
        messages: list[tuple[str, str]],
        options: dict[str, Any],
        stop: StopSignal,
        on_sent: Callable[[], None] | None = None,
    ) -> Generator[BaseMessageChunk, None, None]:
        """Send one request and yield what comes, closing it upstream in any case.

        on_sent: called once, when the request has been sent, or could not be.
        """
        connection = ModelConnection(on_sent)
        with stop.waking(connection.shut), self._connections.watching(connection):
            stream = self._client.stream(messages, **options)
            try:
                yield from stream
            finally:
                connection.sent()
                stream.close()
                # Whatever an exception's frames still hold on to: upstream it is over.
                connection.shut()

    @property
    def retries(self) -> int:
        """How often a request that failed before its first token is repeated."""
        return self._settings.model_retries

    def pause(self, error: ModelUnavailable, tries: int) -> float:
        """Return seconds to wait before the next try."""
        asked = error.retry_after_seconds
        wished = _FIRST_PAUSE_SECONDS * 2**tries if asked is None else asked
        return min(wished, self._settings.model_retry_seconds)


class ModelAnswer:
    """One answer of the model: iterate for its pieces of storable text, then look how it ended."""

    def __init__(
        self,
        model: ChatModel,
        messages: list[tuple[str, str]],
        options: dict[str, Any],
        stop: StopSignal,
    ) -> None:
        self._model = model
        self._messages = messages
        self._options = options
        self._stop = stop
        self._begun = False
        self.on_sent: Callable[[], None] | None = None
        """What to call, by the thread that iterates, when a request was sent, or could not be."""
        self.finish_reason: str | None = None
        """Why the model ended: "stop", "length", "content_filter"..."""
        self.usage: Usage | None = None
        """What the model counted; None when it did not get to say."""

    def __iter__(self) -> Generator[str, None, None]:
        """Yield the text piece by piece.

        Raises ModelError (a request that failed before its first token was repeated as set), or
        Stopped as soon as a stop is asked for; either way the request upstream is closed.
        """
        for tries in range(self._model.retries + 1):
            try:
                yield from self._pieces()
            except ModelUnavailable as error:
                if self._begun or tries == self._model.retries:
                    raise
                pause = self._model.pause(error, tries)
                logger.warning("%s; asking again in %.2f s", error, pause)
                self._stop.wait(pause)
            else:
                return

    def _pieces(self) -> Generator[str, None, None]:
        joiner = SurrogateJoiner()
        try:
            chunks = self._model.chunks(self._messages, self._options, self._stop, self.on_sent)
            with closing(chunks):
                for chunk in chunks:
                    self._stop.check()
                    self._begun = True
                    self._note(chunk)
                    if piece := joiner.feed(str(chunk.content)):
                        yield piece
        except _RAISED as error:
            self._stop.check()
            raise translated(error, begun=self._begun) from error
        self._stop.check()
        if rest := joiner.close():
            yield rest
        if self.finish_reason is None:
            raise ModelCut("the stream ended without a finish reason")

    def _note(self, chunk: BaseMessageChunk) -> None:
        self.finish_reason = chunk.response_metadata.get("finish_reason") or self.finish_reason
        # The last one counts: adding chunks up doubles it (databricks-ai-bridge issue 434).
        if isinstance(chunk, AIMessageChunk) and chunk.usage_metadata:
            self.usage = _usage(chunk.usage_metadata)


def _pairs(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]


def _usage(counted: UsageMetadata) -> Usage:
    cached = counted.get("input_token_details", {}).get("cache_read", 0)
    reasoning = counted.get("output_token_details", {}).get("reasoning", 0)
    return Usage(
        input_tokens=counted["input_tokens"],
        input_tokens_details=InputTokensDetails(cached_tokens=cached or 0),
        output_tokens=counted["output_tokens"],
        output_tokens_details=OutputTokensDetails(reasoning_tokens=reasoning or 0),
        total_tokens=counted["total_tokens"],
    )
