"""Values that the worker's unit tests start from."""

from datetime import UTC, datetime
from typing import Any

from millstream_contract.ledger.rows import ResponseRow
from millstream_contract.objects import Passage, Timings

ACCEPTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def claimed_row(**changes: Any) -> ResponseRow:
    """Return a response that attempt 1 has just claimed."""
    row: dict[str, Any] = {
        "id": "resp_" + "1" * 32,
        "owner": "tester",
        "conversation_id": None,
        "status": "in_progress",
        "attempt": 1,
        "question": "What is a log?",
        "model": "chat",
        "instructions": None,
        "background": False,
        "previous_response_id": None,
        "max_output_tokens": None,
        "temperature": None,
        "metadata": {},
        "turn": 1,
        "input_count": 1,
        "replaces": None,
        "superseded_by": None,
        "request_digest": "",
        "passages": None,
        "error": None,
        "incomplete_reason": None,
        "usage": None,
        "grounded": None,
        "timings": Timings(),
        "created_at": ACCEPTED,
        "started_at": ACCEPTED,
        "cancel_requested_at": None,
        "completed_at": None,
    }
    return ResponseRow.model_validate(row | changes)


def passage(text: str, *, number: int = 1, score: float = 0.9, title: str = "Doc") -> Passage:
    """Return a passage with this text."""
    return Passage(
        number=number,
        document_id=f"doc_{number}",
        title=title,
        place="",
        text=text,
        score=score,
    )
