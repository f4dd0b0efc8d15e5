"""What was said before a question: what it is understood in."""

from typing import Final

from millstream_contract.ledger.pool import Pool, ledger_connection
from millstream_contract.ledger.rows import Item, ResponseRow

_MOST_INSTRUCTIONS: Final = 20
_LONGEST_CHAIN: Final = 100

# Never more than was asked for is read, however long the conversation is. The chain are the
# response and those it names as previous; what came before its oldest member in a conversation
# belongs to it, too.
_CONTEXT: Final = """
WITH RECURSIVE chain AS (
    SELECT id, owner, previous_response_id, conversation_id, turn, 0 AS depth
    FROM responses WHERE id = %(id)s
    UNION ALL
    SELECT r.id, r.owner, r.previous_response_id, r.conversation_id, r.turn, c.depth + 1
    FROM responses r JOIN chain c ON r.id = c.previous_response_id AND r.owner = c.owner
    WHERE c.depth < %(chain)s
), oldest AS (
    SELECT conversation_id, turn FROM chain ORDER BY depth DESC LIMIT 1
), chained AS (
    SELECT i.id, i.position, i.response_id, i.body, i.turn
    FROM items i JOIN chain c ON c.id = i.response_id
    WHERE i.body->>'type' = 'message' AND NOT (i.is_output AND c.depth = 0)
), before AS (
    SELECT i.id, i.position, i.response_id, i.body, i.turn
    FROM oldest o JOIN items i ON i.conversation_id = o.conversation_id AND i.turn < o.turn
    LEFT JOIN responses r ON r.id = i.response_id
    WHERE r.superseded_by IS NULL AND i.body->>'type' = 'message'
)
SELECT id, position, response_id, body FROM (
    (SELECT * FROM chained WHERE body->>'role' IN ('user', 'assistant')
     ORDER BY turn DESC, position DESC LIMIT %(messages)s)
    UNION ALL
    (SELECT * FROM before WHERE body->>'role' IN ('user', 'assistant')
     ORDER BY turn DESC, position DESC LIMIT %(messages)s)
    UNION ALL
    (SELECT * FROM chained WHERE body->>'role' IN ('system', 'developer')
     ORDER BY turn DESC, position DESC LIMIT %(instructions)s)
    UNION ALL
    (SELECT * FROM before WHERE body->>'role' IN ('system', 'developer')
     ORDER BY turn DESC, position DESC LIMIT %(instructions)s)
) said ORDER BY turn, position
"""


class Contexts:
    """The contexts of questions in the ledger. Methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def of(self, row: ResponseRow, messages: int) -> list[Item]:
        """Return the messages before the question of ``row``, oldest first.

        Of users' and assistants' the last so many; of instructions (system, developer) the last
        few. They are those of its conversation, or of the responses it follows, and what it was
        asked with.
        """
        if row.conversation_id is None and row.previous_response_id is None and row.input_count < 2:
            return []
        with ledger_connection(self._pool) as connection:
            found = connection.execute(
                _CONTEXT,
                {
                    "id": row.id,
                    "chain": _LONGEST_CHAIN,
                    # The question is among them.
                    "messages": messages + 1,
                    "instructions": _MOST_INSTRUCTIONS,
                },
            ).fetchall()
        return _without_question([Item(**item) for item in found], row.id, messages)


def _without_question(items: list[Item], response_id: str, messages: int) -> list[Item]:
    spoken = [item for item in items if item.body["role"] in {"user", "assistant"}]
    question = next(
        (
            item
            for item in reversed(spoken)
            if item.response_id == response_id and item.body["role"] == "user"
        ),
        None,
    )
    rest = [item for item in spoken if item is not question]
    kept = {item.id for item in (rest[-messages:] if messages else [])}
    return [
        item for item in items if item.id in kept or item.body["role"] in {"system", "developer"}
    ]
