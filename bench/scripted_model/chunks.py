"""The bytes of an OpenAI chat completion, streamed and whole."""

import json
from collections.abc import Sequence
from typing import Any

from bench.scripted_model.script import joined

DONE = b"data: [DONE]\n\n"


def text_json(text: str) -> str:
    """Encode a text as JSON; only lone surrogates are escaped, for UTF-8 cannot carry them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)


def server_event(payload: dict[str, Any]) -> bytes:
    """Encode one payload as a server-sent event."""
    return f"data: {json.dumps(payload)}\n\n".encode()


class CompletionEncoder:
    """Encodes the answer to one call; the fixed part of each chunk is made once."""

    def __init__(self, completion_id: str, created: int, model: str, prompt_tokens: int) -> None:
        self._id = completion_id
        self._created = created
        self._model = model
        self._prompt_tokens = prompt_tokens
        head = json.dumps(self._chunk([]))[: -len("[]}")]
        self._first = f'data: {head}[{{"index": 0, "delta": {{"role": "assistant", "content": '
        self._next = f'data: {head}[{{"index": 0, "delta": {{"content": '
        self._tail = '}, "finish_reason": null}]}\n\n'

    def token(self, token: str, first: bool) -> bytes:
        """Encode one token as one event."""
        return f"{self._first if first else self._next}{text_json(token)}{self._tail}".encode()

    def counted_token(self, token: str, first: bool, sent: int) -> bytes:
        """Encode one token with the usage so far, as endpoints do that count in each chunk."""
        chunk = self.token(token, first).removesuffix(b"}\n\n")
        return chunk + f', "usage": {json.dumps(self._usage(sent))}}}\n\n'.encode()

    def end(self, finish: str, sent: int, include_usage: bool) -> bytes:
        """Encode the finish reason, the usage and the end.

        The usage has a chunk of its own when the client asked for that (as OpenAI has it), and
        rides on the finishing one when it did not (as Databricks endpoints have it).
        """
        finishing = self._chunk([{"index": 0, "delta": {}, "finish_reason": finish}])
        usage = {"usage": self._usage(sent)}
        if not include_usage:
            return server_event({**finishing, **usage}) + DONE
        return server_event(finishing) + server_event({**self._chunk([]), **usage}) + DONE

    def whole(self, tokens: Sequence[str], finish: str) -> dict[str, Any]:
        """Give the body of an answer that is not streamed."""
        message = {"role": "assistant", "content": joined(tokens)}
        return {
            "id": self._id,
            "object": "chat.completion",
            "created": self._created,
            "model": self._model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": self._usage(len(tokens)),
        }

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }

    def _usage(self, sent: int) -> dict[str, int]:
        return {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": sent,
            "total_tokens": self._prompt_tokens + sent,
        }
