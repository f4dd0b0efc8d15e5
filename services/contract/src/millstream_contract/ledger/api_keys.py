"""API keys: by their digests, so that who reads the table can use none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from millstream_contract.errors import NotFound
from millstream_contract.identifiers import new_id
from millstream_contract.ledger.pool import Pool, ledger_connection

_COLUMNS = "id, owner, name, created_at, expires_at, last_used_at, revoked_at"
# Once a minute, or every request would write.
_IS_DUE = "last_used_at IS NULL OR last_used_at < now() - interval '1 minute'"
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


@dataclass(frozen=True, slots=True)
class ValidKey:
    """A key that may be used now. is_noted: its use need not be noted again."""

    id: str
    owner: str
    expires_at: datetime | None
    is_noted: bool


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

    def valid(self, digests: Sequence[bytes]) -> dict[bytes, ValidKey]:
        """Return the valid keys of these digests; a digest of none is left out."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                "SELECT digest, id, owner, expires_at,"
                f" NOT ({_IS_DUE}) AS is_noted FROM api_keys WHERE digest = ANY(%s) AND {_VALID}",
                [list(digests)],
            ).fetchall()
        return {row.pop("digest"): ValidKey(**row) for row in rows}

    def note_uses(self, key_ids: Sequence[str]) -> None:
        """Note that these keys are used now, unless that was noted within the last minute."""
        with ledger_connection(self._pool) as connection:
            # Whoever holds one of the rows notes a use, or ends the key. To wait for it could be to
            # wait for each other: another process may have them in another order.
            connection.execute(
                "UPDATE api_keys SET last_used_at = now() WHERE id IN ("
                f"SELECT id FROM api_keys WHERE id = ANY(%s) AND ({_IS_DUE})"
                " FOR NO KEY UPDATE SKIP LOCKED)",
                [list(key_ids)],
            )

    def still_valid(self, key_ids: Sequence[str]) -> set[str]:
        """Return which of these keys may still be used."""
        with ledger_connection(self._pool) as connection:
            rows = connection.execute(
                f"SELECT id FROM api_keys WHERE id = ANY(%s) AND {_VALID}", [list(key_ids)]
            ).fetchall()
        return {row["id"] for row in rows}

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
