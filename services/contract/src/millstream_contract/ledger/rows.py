"""Rows of the ledger as frozen values, and what a response row looks like to a client.

new_entries.py has what is to become a row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from millstream_contract.objects import (
    FINAL_STATUSES,
    ConversationReference,
    Feedback,
    IncompleteDetails,
    MillstreamDetails,
    OutputItem,
    Passage,
    ResponseError,
    ResponseObject,
    Status,
    Timings,
    Usage,
)


class ResponseRow(BaseModel):
    """A response as the ledger holds it (without its log)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    owner: str
    conversation_id: str | None
    status: Status
    attempt: int
    question: str
    model: str
    instructions: str | None
    background: bool
    previous_response_id: str | None
    max_output_tokens: int | None
    temperature: float | None
    metadata: dict[str, str]
    request_digest: str
    turn: int
    input_count: int
    replaces: str | None
    superseded_by: str | None
    passages: tuple[Passage, ...] | None
    error: ResponseError | None
    incomplete_reason: str | None
    usage: Usage | None
    grounded: bool | None
    timings: Timings
    created_at: datetime
    started_at: datetime | None
    cancel_requested_at: datetime | None
    completed_at: datetime | None
    traceparent: str | None = None
    mlflow_trace_id: str | None = None
    handed_over: int = 0

    @property
    def tries(self) -> int:
        """Attempts without those that were handed over: a drain is nobody's failure."""
        return self.attempt - self.handed_over

    def as_object(self, output: tuple[OutputItem, ...] = ()) -> ResponseObject:
        """Return the row in the shape of the API, with these output items."""
        incomplete = self.incomplete_reason
        return ResponseObject.model_validate(
            {
                "id": self.id,
                "created_at": self.created_at.timestamp(),
                "completed_at": self.completed_at.timestamp() if self.completed_at else None,
                "status": self.status,
                "background": self.background,
                "conversation": ConversationReference(id=self.conversation_id)
                if self.conversation_id
                else None,
                "error": self.error,
                "incomplete_details": IncompleteDetails.model_validate({"reason": incomplete})
                if incomplete
                else None,
                "instructions": self.instructions,
                "max_output_tokens": self.max_output_tokens,
                "metadata": self.metadata,
                "model": self.model,
                "output": output,
                "previous_response_id": self.previous_response_id,
                "temperature": self.temperature,
                "usage": self.usage,
                "millstream": MillstreamDetails(
                    attempt=self.attempt,
                    grounded=self.grounded,
                    timings=self.timings,
                    replaces=self.replaces,
                ),
            }
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a question.

    is_new: False for a repeat (idempotency key), for which nothing is to be done.
    ahead: unfinished responses of its conversation, newest first; it waits for their ends.
    told_to_stop: those that it replaces or interrupts. The ledger knows it; their workers do not.
    """

    row: ResponseRow
    is_new: bool
    ahead: tuple[str, ...] = ()
    told_to_stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a response stands: which attempt holds it, and what its owner wants."""

    attempt: int
    status: Status
    cancel_requested: bool

    def is_open_for(self, attempt: int) -> bool:
        """Tell whether this attempt may still write the response."""
        return self.attempt == attempt and self.status not in FINAL_STATUSES


@dataclass(frozen=True, slots=True)
class Outline:
    """What must be known of a response before it is shown.

    traceparent: the trace that it belongs to, see tracing.
    """

    owner: str
    status: Status
    traceparent: str | None = None

    @property
    def is_final(self) -> bool:
        """True when it has ended, so that the ledger has its whole stream."""
        return self.status in FINAL_STATUSES


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation; ``last_*`` tell of its newest response, if it has one."""

    id: str
    owner: str
    title: str
    metadata: dict[str, Any]
    created_at: datetime
    last_response_id: str | None = None
    last_response_status: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """Something said in a conversation, in the shape of the API; feedback is for its response."""

    id: str
    position: int
    response_id: str | None
    body: dict[str, Any]
    feedback: Feedback | None = None
