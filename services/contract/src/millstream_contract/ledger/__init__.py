"""The ledger in PostgreSQL: conversations, responses, documents and more. It is the truth."""

from dataclasses import dataclass

from psycopg.errors import ReadOnlySqlTransaction

from millstream_contract.ledger.api_keys import ApiKeys
from millstream_contract.ledger.context import Contexts
from millstream_contract.ledger.conversations import Conversations
from millstream_contract.ledger.documents import Documents
from millstream_contract.ledger.feedback import Feedbacks
from millstream_contract.ledger.items import Items
from millstream_contract.ledger.passages import Passages
from millstream_contract.ledger.pool import Pool, ledger_connection, open_pool
from millstream_contract.ledger.responses import Responses
from millstream_contract.ledger.viewing import Viewing


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's parts, over one pool of connections."""

    pool: Pool
    conversations: Conversations
    items: Items
    contexts: Contexts
    responses: Responses
    viewing: Viewing
    documents: Documents
    passages: Passages
    feedback: Feedbacks
    keys: ApiKeys

    @classmethod
    def of(cls, pool: Pool) -> "Ledger":
        """Return the ledger in the database that ``pool`` is connected to."""
        return cls(
            pool,
            Conversations(pool),
            Items(pool),
            Contexts(pool),
            Responses(pool),
            Viewing(pool),
            Documents(pool),
            Passages(pool),
            Feedbacks(pool),
            ApiKeys(pool),
        )

    def ping(self) -> None:
        """Return when PostgreSQL answers and takes writes, else raise LedgerUnavailable."""
        with ledger_connection(self.pool) as connection:
            # A replica says so here, too, whatever its own setting is.
            found = connection.execute("SHOW transaction_read_only").fetchone()
            if found == {"transaction_read_only": "on"}:
                raise ReadOnlySqlTransaction


__all__ = ["Ledger", "Pool", "open_pool"]
