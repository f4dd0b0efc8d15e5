"""The jobs that go through the queue: ids only, for the state is in the ledger.

Tasks are sent by name, so that who enqueues never imports who works.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from millstream_contract.identifiers import is_id

ANSWER_TASK: Final = "millstream.answer"
ANSWER_QUEUE: Final = "answers"
INGEST_TASK: Final = "millstream.ingest"
INGEST_QUEUE: Final = "ingest"
FEEDBACK_TASK: Final = "millstream.feedback"


@dataclass(frozen=True, slots=True)
class AnswerJob:
    """Answer one response, as one attempt.

    response_id: the response in the ledger.
    attempt: from 1; the claim is a compare-and-set on it, so a repeated message does nothing.
    """

    response_id: str
    attempt: int

    task: ClassVar[str] = ANSWER_TASK
    queue: ClassVar[str] = ANSWER_QUEUE

    def arguments(self) -> list[Any]:
        """Return the task's positional arguments."""
        return [self.response_id, self.attempt]


@dataclass(frozen=True, slots=True)
class IngestJob:
    """Cut one stored document into chunks and embed them."""

    document_id: str

    task: ClassVar[str] = INGEST_TASK
    queue: ClassVar[str] = INGEST_QUEUE

    def arguments(self) -> list[Any]:
        """Return the task's positional arguments."""
        return [self.document_id]


@dataclass(frozen=True, slots=True)
class FeedbackJob:
    """Pass on what the owner of a response thinks of it, or that it was taken back."""

    response_id: str

    task: ClassVar[str] = FEEDBACK_TASK
    queue: ClassVar[str] = INGEST_QUEUE

    def arguments(self) -> list[Any]:
        """Return the task's positional arguments."""
        return [self.response_id]


Job = AnswerJob | IngestJob | FeedbackJob

_MOST_ATTEMPTS: Final = 2**31 - 1
"""As many as fit into the ledger's column."""


def is_job(task: str, arguments: Sequence[Any]) -> bool:
    """Tell whether a job of ours is sent by this name, with such arguments."""
    match task, [*arguments]:
        case AnswerJob.task, [str(response_id), int(attempt)]:
            return is_id(response_id, "resp") and 1 <= attempt <= _MOST_ATTEMPTS
        case IngestJob.task, [str(document_id)]:
            return is_id(document_id, "doc")
        case FeedbackJob.task, [str(response_id)]:
            return is_id(response_id, "resp")
    return False


# Celery's settings that sender and worker must share, each with its reason.
SHARED_CELERY_SETTINGS: Final[dict[str, Any]] = {
    # No result backend: the ledger holds results, and a backend would add a write per task.
    "task_ignore_result": True,
    # JSON only: a pickle in Redis would be code execution for whoever can write there.
    "task_serializer": "json",
    "accept_content": ["json"],
    # Queues are named above and declared nowhere: the first job makes them.
    "task_create_missing_queues": True,
    "task_default_queue": ANSWER_QUEUE,
}
