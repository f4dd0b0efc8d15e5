"""One chat call, from its messages to its last byte or its fault."""

import asyncio
import time
from typing import Any

from aiohttp import web

from bench.scripted_model.chunks import CompletionEncoder, server_event
from bench.scripted_model.fault import Fault
from bench.scripted_model.journal import Call, Journal
from bench.scripted_model.playback import FaultReached, Rest, play, rest_after
from bench.scripted_model.script import DirectiveError, Found, Script, find_script

_FAULT_MESSAGE = "scripted fault"


async def answer_chat(
    request: web.Request, body: dict[str, Any], journal: Journal
) -> web.StreamResponse:
    """Answer a chat completion call, streamed or whole, as its question says."""
    messages: list[dict[str, Any]] = body.get("messages") or []
    streamed = bool(body.get("stream"))
    question = _question(messages)
    call = journal.start(question, str(body.get("model", "")), streamed, messages)
    try:
        try:
            found = find_script(question)
            tokens = _tokens(found.script, journal)
        except DirectiveError as error:
            journal.end(call, "complete")
            return _error(400, str(error))
        fault = _fault(found, streamed, journal)
        if fault is not None and fault.before_answer:
            return _fail_before_answer(request, fault, call, journal)
        rest = _rest(found.script, tokens, messages)
        call.continued_from = rest.known_units
        call.sent_at = [] if found.script.timed else None
        encoder = _encoder(call, messages)
        delivery = _Delivery(request, call, journal, encoder, found.script, fault, rest)
        if streamed:
            return await delivery.stream(_wants_usage(body))
        return await delivery.whole()
    except asyncio.CancelledError:
        journal.end(call, "client_closed")
        raise
    except ConnectionError:
        # A client that stops reading is nothing to complain of; this goes nowhere.
        journal.end(call, "client_closed")
        return web.Response()


class _Delivery:
    def __init__(
        self,
        request: web.Request,
        call: Call,
        journal: Journal,
        encoder: CompletionEncoder,
        script: Script,
        fault: Fault | None,
        rest: Rest,
    ) -> None:
        self._request = request
        self._call = call
        self._journal = journal
        self._encoder = encoder
        self._script = script
        self._tokens = play(script, fault, rest, call, journal)

    async def stream(self, include_usage: bool) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        first = True
        try:
            async for token in self._tokens:
                self._journal.sent_token(self._call)
                await response.write(self._encoded(token, first))
                first = False
        except FaultReached as reached:
            return await self._break(response, reached.fault)
        sent = self._call.tokens_sent
        # The record stands before the client can see the end, so that a test which has seen the
        # end finds it.
        self._journal.end(self._call, "complete")
        await response.write(self._encoder.end(self._script.finish, sent, include_usage))
        await response.write_eof()
        return response

    def _encoded(self, token: str, first: bool) -> bytes:
        if self._script.counts_each:
            return self._encoder.counted_token(token, first, self._call.tokens_sent)
        return self._encoder.token(token, first)

    async def whole(self) -> web.StreamResponse:
        said = []
        try:
            async for token in self._tokens:
                self._journal.sent_token(self._call)
                said.append(token)
        except FaultReached as reached:
            if reached.fault.kind == "stall":
                await self._request.loop.create_future()
            self._journal.end(self._call, "fault")
            _reset(self._request)
            return web.Response()
        self._journal.end(self._call, "complete")
        return web.json_response(self._encoder.whole(said, self._script.finish))

    async def _break(self, response: web.StreamResponse, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "stall":
                await self._request.loop.create_future()
            case "cut":
                self._journal.end(self._call, "fault")
                _reset(self._request)
                return response
            case "error_event":
                error = {"message": _FAULT_MESSAGE, "code": "INTERNAL_ERROR"}
                await response.write(server_event({"error": error}))
            case "garbage":
                await response.write(b"data: {not json\n\n")
        self._journal.end(self._call, "fault")
        await response.write_eof()
        return response


def _question(messages: list[dict[str, Any]]) -> str:
    texts = [_text(message) for message in messages if message.get("role") == "user"]
    return texts[-1] if texts else ""


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def _tokens(script: Script, journal: Journal) -> list[str]:
    if script.name is None:
        return script.token_list
    if script.name not in journal.named_scripts:
        raise DirectiveError(f"no script is registered under the name {script.name!r}")
    return journal.named_scripts[script.name]


def _fault(found: Found, streamed: bool, journal: Journal) -> Fault | None:
    script = found.script
    if script.fault is None or script.fault_on not in {"both", "stream" if streamed else "plain"}:
        return None
    return script.fault if journal.take_fault(found.key, script.fault_times) else None


def _rest(script: Script, tokens: list[str], messages: list[dict[str, Any]]) -> Rest:
    last = messages[-1] if messages else {}
    continues = script.continues and last.get("role") == "assistant"
    return rest_after(tokens, _text(last) if continues else "")


def _encoder(call: Call, messages: list[dict[str, Any]]) -> CompletionEncoder:
    prompt_tokens = sum(len(_text(message).split()) for message in messages)
    return CompletionEncoder(f"chatcmpl-{call.id}", int(time.time()), call.model, prompt_tokens)


def _wants_usage(body: dict[str, Any]) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def _fail_before_answer(
    request: web.Request, fault: Fault, call: Call, journal: Journal
) -> web.Response:
    journal.end(call, "fault")
    if fault.kind == "refuse":
        _reset(request)
        return web.Response()
    headers = {}
    if fault.retry_after_seconds is not None:
        headers["Retry-After"] = f"{fault.retry_after_seconds:g}"
    return _error(fault.number, _FAULT_MESSAGE, headers)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"error_code": str(status), "message": message}
    return web.json_response(body, status=status, headers=headers)


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
