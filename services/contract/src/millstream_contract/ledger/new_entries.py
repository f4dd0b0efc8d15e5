"""New entries: what callers give the ledger to store. rows.py has what it gives back."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from millstream_contract.identifiers import new_id

WhenBusy = Literal["reject", "enqueue", "interrupt"]

Role = Literal["user", "assistant", "system", "developer"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to store, as the texts of its parts."""

    role: Role
    texts: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.texts)

    def body(self) -> dict[str, Any]:
        """Return it as an item, under a new id."""
        if self.role == "assistant":
            kind = {"type": "output_text", "annotations": [], "logprobs": []}
        else:
            kind = {"type": "input_text"}
        return {
            "id": new_id("msg"),
            "type": "message",
            "role": self.role,
            "status": "completed",
            "content": [{**kind, "text": text} for text in self.texts],
        }


@dataclass(frozen=True, slots=True)
class NewResponse:
    """A question to accept. The owner is who asked; only they may see the answer.

    messages: all that it was asked with, the question among it; none: the question alone.
    replaces: the last response of the conversation, whose place this one takes.
    when_busy: what to do when an answer of the conversation is still being made.
    traceparent: the trace that it belongs to, see tracing.
    """

    owner: str
    question: str
    model: str
    background: bool = False
    conversation_id: str | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    replaces: str | None = None
    when_busy: WhenBusy | None = None
    traceparent: str | None = None
    messages: tuple[NewMessage, ...] = ()

    @property
    def input(self) -> tuple[NewMessage, ...]:
        """All that it was asked with, in order."""
        return self.messages or (NewMessage("user", (self.question,)),)

    def digest(self) -> str:
        """Return a hash of what was asked, which tells a repeat from another request."""
        asked: list[Any] = [
            self.question,
            self.model,
            self.background,
            self.conversation_id,
            self.instructions,
            self.previous_response_id,
            self.max_output_tokens,
            self.temperature,
            sorted(self.metadata.items()),
        ]
        # What is not given is left out: a repeat over an upgrade is still the same request.
        optional: dict[str, Any] = {"replaces": self.replaces, "when_busy": self.when_busy}
        if self.input != (NewMessage("user", (self.question,)),):
            optional["input"] = [[message.role, *message.texts] for message in self.input]
        asked += [pair for pair in optional.items() if pair[1] is not None]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
