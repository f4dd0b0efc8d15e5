"""Responses as chat completions: one object, or a stream of chunks made from the frames."""

import json
from typing import Any, Final

from millstream_contract.frames import DONE, KEEP_ALIVE, decode_event, split_frames
from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import OutputItem, OutputMessage

# The original has no reason for an answer that was stopped; it is told as an error.
_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}


def completion(row: ResponseRow, output: tuple[OutputItem, ...]) -> dict[str, Any]:
    """Return an answer that has ended as a chat completion; its id is that of the response."""
    texts = [
        part.text for item in output if isinstance(item, OutputMessage) for part in item.content
    ]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts),
        "refusal": None,
        "annotations": [],
    }
    reason = _REASONS.get(row.incomplete_reason or "", "stop")
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    usage = row.usage.model_dump() if row.usage else None
    return {
        "id": row.id,
        "object": "chat.completion",
        "created": int(row.created_at.timestamp()),
        "model": row.model,
        "choices": [choice],
        "usage": _usage(usage),
    }


def failure(row: ResponseRow) -> dict[str, Any] | None:
    """Return the error of an answer that failed or was stopped; None for any other."""
    if row.status == "cancelled":
        return _error("cancelled", "The answer was stopped.")
    if row.error is not None:
        return _error(row.error.code, row.error.message)
    return None


class CompletionStream:
    """Translates the frames of one response into the chunks of one completion.

    An attempt that starts over says its text again. What was sent cannot be taken back here, so
    the new text is held back as long as it repeats the old one; if it comes to differ, the stream
    ends with an error.
    """

    def __init__(self, row: ResponseRow, *, with_usage: bool) -> None:
        """Begin a stream; ``with_usage`` adds a last chunk with the tokens counted."""
        self._head = {
            "id": row.id,
            "object": "chat.completion.chunk",
            "created": int(row.created_at.timestamp()),
            "model": row.model,
        }
        self._with_usage = with_usage
        self._sent = ""
        self._text = ""
        self._is_over = False

    def __call__(self, data: bytes) -> bytes:
        """Return what is sent in place of ``data``."""
        if data in {DONE, KEEP_ALIVE}:
            return data
        return b"".join(self._translated(decode_event(frame)) for frame in split_frames(data))

    def _translated(self, event: dict[str, Any]) -> bytes:
        if self._is_over:
            return b""
        match event["type"]:
            case "response.created":
                return self._chunk({"role": "assistant", "content": "", "refusal": None})
            case "response.output_text.delta":
                return self._delta(event["delta"])
            case "millstream.attempt.reset":
                self._text = ""
            case "response.completed" | "response.incomplete" | "response.failed":
                return self._end(event["response"])
        return b""

    def _delta(self, piece: str) -> bytes:
        self._text += piece
        if not self._text.startswith(self._sent):
            return b"" if self._sent.startswith(self._text) else self._differs()
        new, self._sent = self._text[len(self._sent) :], self._text
        return self._chunk({"content": new}) if new else b""

    def _end(self, response: dict[str, Any]) -> bytes:
        if self._text != self._sent:
            return self._differs()
        self._is_over = True
        if response["status"] == "cancelled":
            return _data(_error("cancelled", "The answer was stopped."))
        if response["error"] is not None:
            return _data(_error(response["error"]["code"], response["error"]["message"]))
        details = response["incomplete_details"] or {}
        last = self._chunk({}, _REASONS.get(details.get("reason", ""), "stop"))
        if not self._with_usage:
            return last
        return last + _data({**self._head, "choices": [], "usage": _usage(response["usage"])})

    def _differs(self) -> bytes:
        self._is_over = True
        message = "The answer was begun again, and this stream cannot take back what it has sent."
        return _data(_error("answer_restarted", f"{message} Ask for it by its id."))

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = {"usage": None} if self._with_usage else {}
        return _data({**self._head, "choices": [choice], **usage})


def _usage(usage: dict[str, Any] | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    cached = usage["input_tokens_details"]["cached_tokens"]
    reasoning = usage["output_tokens_details"]["reasoning_tokens"]
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "server_error", "param": None, "code": code}}


def _data(body: dict[str, Any]) -> bytes:
    # In ASCII: some clients take U+2028 and others for the end of a line.
    return b"data: " + json.dumps(body, separators=(",", ":")).encode("ascii") + b"\n\n"
