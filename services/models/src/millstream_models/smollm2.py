"""The chat endpoint of the small language model: a relay in front of llama.cpp."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Literal, cast

import httpx

from millstream_models.chat import Finish
from millstream_models.errors import EndpointUnavailable, InvalidRequest
from millstream_models.llama import LlamaEngine
from millstream_models.payloads import ChatRequest
from millstream_models.settings import Settings


class SmolLM2Endpoint:
    """Streams from llama.cpp; closing the stream closes llama.cpp's connection and frees its slot.

    llama.cpp is always asked for a stream, also for a plain answer: its plain answers repeat the
    prefix they continue, its streams do not.
    """

    name = "smollm2-135m-instruct"

    def __init__(self, engine: LlamaEngine, settings: Settings) -> None:
        self._engine = engine
        self._default_max_tokens = settings.default_max_tokens
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(5.0, read=settings.llama_first_token_seconds),
            # llama.cpp ends kept connections unannounced, and a new one on loopback costs nothing.
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Authorization": f"Bearer {engine.api_key}"},
            trust_env=False,
        )

    async def close(self) -> None:
        """End every request that is still running."""
        await self._client.aclose()

    async def generate(self, request: ChatRequest) -> AsyncGenerator[str | Finish]:
        """See ChatEndpoint."""
        url = f"{await self._engine.address()}/serving-endpoints/chat/completions"
        end = _End()
        try:
            async with self._client.stream("POST", url, json=self._body(request)) as response:
                await _check(response)
                async for line in data_lines(response.aiter_raw()):
                    for text in end.read(line):
                        yield text
        except httpx.HTTPError as error:
            raise EndpointUnavailable(f"llama.cpp did not answer: {error!r}") from error
        yield end.finish()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        fields = {"temperature", "top_p", "seed", "stop", "response_format"}
        return {
            **request.model_dump(include=fields, exclude_none=True),
            "messages": [message.model_dump() for message in request.messages],
            "max_tokens": request.token_limit or self._default_max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }


class _End:
    """Collects how an answer ended from llama.cpp's chunks."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._usage: dict[str, int] = {}

    def read(self, line: bytes) -> Iterator[str]:
        """The text in one chunk, if any."""
        if line == b"[DONE]":
            return
        chunk = json.loads(line)
        if "error" in chunk:
            raise EndpointUnavailable(f"llama.cpp failed: {chunk['error'].get('message')}")
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk["choices"]:
            self._reason = choice.get("finish_reason") or self._reason
            if text := choice["delta"].get("content"):
                yield text

    def finish(self) -> Finish:
        if self._reason not in ("stop", "length"):
            raise EndpointUnavailable("llama.cpp ended the answer without a reason")
        return Finish(
            reason=cast("Literal['stop', 'length']", self._reason),
            prompt_tokens=self._usage.get("prompt_tokens", 0),
            completion_tokens=self._usage.get("completion_tokens", 0),
        )


async def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    body = await response.aread()
    try:
        message = str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = body.decode(errors="replace")
    if response.status_code == httpx.codes.BAD_REQUEST:
        raise InvalidRequest(f"messages: {message}")
    raise EndpointUnavailable(f"llama.cpp answered {response.status_code}: {message}")


async def data_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The payloads of the `data:` lines of a byte stream, however it is cut.

    Lines end at a newline byte only; str.splitlines would also cut at U+2028 inside a token.
    """
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line.removeprefix(b"data:").strip()
