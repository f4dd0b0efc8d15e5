"""Sends one chat answer over HTTP, for as long as the client listens."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from millstream_models.chat import ChatEndpoint, Finish
from millstream_models.errors import EndpointUnavailable, ServingError
from millstream_models.payloads import ChatRequest
from millstream_models.serving import Endpoints
from millstream_models.wire import ChatWriter, event

_log = logging.getLogger(__name__)
_STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class ChatAnswer(Response):
    """Runs the generation while it sends, and cancels it as soon as the client is gone.

    Starlette's own streaming watches the client only once the first byte is sent, and a plain
    answer not at all; here a client may leave while the model still reads the prompt.
    """

    def __init__(self, endpoints: Endpoints, endpoint: ChatEndpoint, request: ChatRequest) -> None:
        super().__init__()
        self._endpoints = endpoints
        self._pieces = endpoints.generate(endpoint, request)
        self._request = request
        self._writer = ChatWriter(endpoint.name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_when_gone, receive, tasks.cancel_scope)
            async with aclosing(self._pieces):
                answer = self._stream if self._request.stream else self._plain
                await answer(scope, receive, send)
            tasks.cancel_scope.cancel()

    async def _plain(self, scope: Scope, receive: Receive, send: Send) -> None:
        text: list[str] = []
        response: Response | None = None
        try:
            async for piece in self._until_stop():
                if isinstance(piece, Finish):
                    response = JSONResponse(self._writer.completion("".join(text), piece))
                else:
                    text.append(piece)
        except ServingError as error:
            response = JSONResponse(error.body(), error.status)
        if response is None:
            raise RuntimeError("the endpoint ended its answer without a Finish")
        await response(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        pieces = self._until_stop()
        try:
            first = await anext(pieces)
        except ServingError as error:
            await JSONResponse(error.body(), error.status)(scope, receive, send)
            return
        head = Response(media_type="text/event-stream", headers=_STREAM_HEADERS)
        del head.headers["content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": head.raw_headers})
        await _send_body(send, self._encode(first))
        try:
            async for piece in pieces:
                await _send_body(send, self._encode(piece))
        except ServingError as error:
            # The status is long sent: OpenAI's clients raise APIError on an error object instead.
            _log.warning("an answer of %s broke off: %s", self._request.model, error)
            await _send_body(send, event({"error": error.body()}))
        await _send_body(send, b"", more=False)

    async def _until_stop(self) -> AsyncGenerator[str | Finish]:
        """The pieces up to the Finish; an error in their place once the process stops."""
        piece: str | Finish = ""
        while not isinstance(piece, Finish):
            stopped = True
            with self._endpoints.stoppable():
                piece = await anext(self._pieces)
                stopped = False
            if stopped:
                raise EndpointUnavailable("the server is shutting down")
            yield piece

    def _encode(self, piece: str | Finish) -> bytes:
        if isinstance(piece, Finish):
            return self._writer.finish_chunks(piece, with_usage=self._request.wants_usage)
        return self._writer.text_chunk(piece)


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _send_body(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
