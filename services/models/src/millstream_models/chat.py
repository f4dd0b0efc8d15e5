"""What a chat endpoint is."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from millstream_models.payloads import ChatRequest


@dataclass(frozen=True)
class Finish:
    """The end of an answer: why it ended, and what it cost in tokens of the endpoint."""

    reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int


class ChatEndpoint(Protocol):
    """A named endpoint that answers chat requests."""

    @property
    def name(self) -> str:
        """The name by which requests address it."""

    def generate(self, request: ChatRequest) -> AsyncGenerator[str | Finish]:
        """Yield the answer in pieces, then exactly one Finish.

        A trailing assistant message is continued: the pieces are what comes after it. Closing the
        generator stops the work. Raises a ServingError when the request cannot be answered.
        """
        ...
