"""API keys: by their digests, so that who reads the table can use none of them."""

from dataclasses import dataclass
from datetime import datetime

from millstream_contract.errors import NotFound
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.pool import Pool, ledger_connection

_COLUMNS = "id, owner, name, created_at, expires_at, last_used_at, revoked_at"
_VALID = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, as far as it may be shown. last_used_at: to the minute."""

    id: str
    owner: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys:
    """The API keys in the ledger. All methods raise LedgerUnavailable when it is."""

    def __init__(self, pool: Pool) -> None:
        """Use connections of this pool."""
        self._pool = pool

    def create(
        self, owner: str, name: str, digest: bytes, expires_at: datetime | None = None
    ) -> ApiKey:
        """Store a new key by its digest."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "INSERT INTO api_keys (id, owner, name, digest, expires_at)"
                f" VALUES (%s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
                [new_id("key"), owner, name, digest, expires_at],
            ).fetchone()
        assert row is not None  # noqa: S101 -- INSERT ... RETURNING gives its row
        return ApiKey(**row)

    def use(self, digest: bytes) -> ApiKey | None:
        """Return the valid key of this digest, and note its use; None when there is none."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS}, last_used_at IS NULL OR"
                "  last_used_at < now() - interval '1 minute' AS is_due"
                f" FROM api_keys WHERE digest = %s AND {_VALID}",
                [digest],
            ).fetchone()
            if row is None:
                return None
            # Once a minute, or every request would write.
            if row.pop("is_due"):
                connection.execute(
                    "UPDATE api_keys SET last_used_at = now() WHERE id = %s", [row["id"]]
                )
        return ApiKey(**row)

    def is_valid(self, key_id: str) -> bool:
        """Tell whether a key may still be used."""
        with ledger_connection(self._pool) as connection:
            found = connection.execute(f"SELECT FROM api_keys WHERE id = %s AND {_VALID}", [key_id])
            return found.rowcount == 1

    def all_of(self, owner: str | None = None) -> list[ApiKey]:
        """Return all keys (of one owner), oldest first; also those that are valid no more."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM api_keys WHERE owner = coalesce(%s, owner)"
                " ORDER BY created_at, id",
                [owner],
            ).fetchall()
        return [ApiKey(**row) for row in rows]

    def revoke(self, key_id: str) -> ApiKey:
        """End a key at once; it stays in the list. Raises NotFound."""
        with ledger_connection(self._pool) as connection:
            row = connection.execute(
                "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())"
                f" WHERE id = %s RETURNING {_COLUMNS}",
                [key_id],
            ).fetchone()
        if row is None:
            raise NotFound(key_id)
        return ApiKey(**row)
