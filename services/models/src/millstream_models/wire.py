"""Answers in the shape that OpenAI's clients read."""

import base64
import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

from millstream_models.chat import Finish
from millstream_models.relevance import Vector

DONE = b"data: [DONE]\n\n"


class ChatWriter:
    """Writes one chat answer, as a stream of chunks or as one object."""

    def __init__(self, model: str) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
        }
        self._first = True

    def text_chunk(self, text: str) -> bytes:
        """One piece of the answer."""
        return self._chunk([_choice(self._delta({"content": text}), None)])

    def finish_chunks(self, finish: Finish, *, with_usage: bool) -> bytes:
        """The end of the stream: the reason, the usage if wanted, and the closing mark."""
        end = self._chunk([_choice(self._delta({}), finish.reason)])
        usage = self._chunk([], usage=usage_of(finish)) if with_usage else b""
        return end + usage + DONE

    def completion(self, text: str, finish: Finish) -> dict[str, Any]:
        """The whole answer as one object."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": finish.reason}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage_of(finish),
        }

    def _delta(self, delta: dict[str, str]) -> dict[str, str]:
        role = {"role": "assistant", "content": ""} if self._first else {}
        self._first = False
        return {**role, **delta}

    def _chunk(self, choices: list[dict[str, Any]], **extra: object) -> bytes:
        return event({**self._head, "object": "chat.completion.chunk", "choices": choices, **extra})


def _choice(delta: dict[str, str], reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def usage_of(finish: Finish) -> dict[str, int]:
    """Token counts in OpenAI's names."""
    return {
        "prompt_tokens": finish.prompt_tokens,
        "completion_tokens": finish.completion_tokens,
        "total_tokens": finish.prompt_tokens + finish.completion_tokens,
    }


def event(data: object) -> bytes:
    """One server-sent event. ASCII only, so that no client can see a line end inside it."""
    return f"data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def embeddings(
    model: str, vectors: Sequence[Vector], *, tokens: int, as_base64: bool
) -> dict[str, Any]:
    """A list of embeddings; base64 holds little-endian 4-byte floats, as OpenAI's do."""
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _encode(vector, as_base64)}
            for index, vector in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _encode(vector: Vector, as_base64: bool) -> str | list[float]:
    if as_base64:
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
