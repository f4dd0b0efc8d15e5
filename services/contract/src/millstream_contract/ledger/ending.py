"""The end of a response: its final state, its stream and its output, stored in one step."""

from typing import Any, Final

from psycopg.types.json import Jsonb

from millstream_contract.ledger.pool import Connection
from millstream_contract.ledger.turns import UNFINISHED, lock_conversation
from millstream_contract.objects import ResponseObject

_END: Final = f"""
UPDATE responses SET status = %(status)s, error = %(error)s, incomplete_reason = %(incomplete)s,
    usage = %(usage)s, grounded = %(grounded)s, timings = %(timings)s, log = %(log)s,
    completed_at = to_timestamp(%(completed_at)s)
WHERE id = %(id)s AND attempt = %(attempt)s AND {UNFINISHED}
"""


def finish(connection: Connection, final: ResponseObject, attempt: int, log: bytes) -> bool:
    """Store the end, as Responses.finish says. False: overtaken."""
    with connection.transaction():
        lock_conversation(connection, final.conversation.id if final.conversation else None)
        ended = connection.execute(_END, _final_columns(final, attempt, log))
        if ended.rowcount != 1:
            return False
        _insert_output(connection, final)
        return True


def _insert_output(connection: Connection, final: ResponseObject) -> None:
    conversation_id = final.conversation.id if final.conversation else None
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO items (id, conversation_id, response_id, turn, is_output, body)"
            " SELECT %s, %s, id, turn, true, %s FROM responses WHERE id = %s",
            [
                (item.id, conversation_id, Jsonb(item.model_dump(mode="json")), final.id)
                for item in final.output
            ],
        )


def _final_columns(final: ResponseObject, attempt: int, log: bytes) -> dict[str, Any]:
    return {
        "id": final.id,
        "attempt": attempt,
        "status": final.status,
        "error": Jsonb(final.error.model_dump()) if final.error else None,
        "incomplete": final.incomplete_details.reason if final.incomplete_details else None,
        "usage": Jsonb(final.usage.model_dump()) if final.usage else None,
        "grounded": final.millstream.grounded,
        "timings": Jsonb(final.millstream.timings.model_dump()),
        "log": log,
        "completed_at": final.completed_at,
    }
