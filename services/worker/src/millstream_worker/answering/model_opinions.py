"""Grading and rewriting by the chat model, for models that are good at it (a setting).

An opinion that cannot be had is replaced by what the search's figures say: it must not cost the
answer.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from millstream_contract.objects import Passage, Usage
from millstream_worker.answering.chat import ChatModel
from millstream_worker.answering.prompt import Message, listed, spoken
from millstream_worker.answering.stopping import StopSignal
from millstream_worker.answering.words import GRADING_INSTRUCTIONS, REWRITING_INSTRUCTIONS
from millstream_worker.model_errors import ModelError

logger = logging.getLogger(__name__)

_NUMBERS: Final[dict[str, Any]] = {
    "title": "Helpful",
    "description": "The numbers of the passages that help to answer the question.",
    "type": "object",
    "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}},
    "required": ["numbers"],
    "additionalProperties": False,
}
_QUERY: Final[dict[str, Any]] = {
    "title": "Query",
    "description": "A search query that stands on its own.",
    "type": "object",
    "properties": {"query": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}


def helpful_by_model(
    model: ChatModel,
    query: str,
    found: Sequence[Passage],
    stop: StopSignal,
    counted: Callable[[Usage], None],
) -> list[Passage]:
    """Return the passages that the model finds helpful; all of them when it does not say.

    counted: hears the tokens that it took to say so.
    """
    asked = [
        Message("system", GRADING_INSTRUCTIONS),
        Message("user", f"Passages:\n\n{listed(found)}\n\nQuestion: {query}"),
    ]
    try:
        numbers = model.structured(asked, _NUMBERS, stop, counted).get("numbers")
    except ModelError as error:
        logger.warning("the model did not grade: %s", error)
        return list(found)
    if not isinstance(numbers, list):
        return list(found)
    return [passage for passage in found if passage.number in numbers]


def query_by_model(
    model: ChatModel,
    question: str,
    history: Sequence[Message],
    stop: StopSignal,
    counted: Callable[[Usage], None],
) -> str | None:
    """Return the model's search query for a question; None when it has none.

    counted: hears the tokens that it took to say so.
    """
    asked = [Message("system", REWRITING_INSTRUCTIONS), *spoken(history), Message("user", question)]
    try:
        query = model.structured(asked, _QUERY, stop, counted).get("query")
    except ModelError as error:
        logger.warning("the model did not rewrite: %s", error)
        return None
    return query.strip() or None if isinstance(query, str) else None
