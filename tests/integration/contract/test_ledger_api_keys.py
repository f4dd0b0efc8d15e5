"""API keys in the ledger: which are valid, and when they were last used."""

from datetime import UTC, datetime, timedelta

from millstream_contract.ledger import Ledger
from millstream_contract.ledger.api_keys import ApiKey
from millstream_contract.ledger.pool import ledger_connection


def _made(ledger: Ledger, name: str, expires_at: datetime | None = None) -> ApiKey:
    return ledger.keys.create("ann", name, name.encode(), expires_at)


def _noted(ledger: Ledger, key: ApiKey) -> datetime | None:
    return next(one.last_used_at for one in ledger.keys.all_of() if one.id == key.id)


def _is_noted(ledger: Ledger, key: ApiKey) -> bool:
    return ledger.keys.valid([key.name.encode()])[key.name.encode()].is_noted


def test_of_many_keys_those_that_are_valid_are_found_each_by_its_own_digest(ledger: Ledger) -> None:
    soon, before = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, -1))
    lasting, expiring = _made(ledger, "lasting"), _made(ledger, "expiring", soon)
    revoked, expired = _made(ledger, "revoked"), _made(ledger, "expired", before)
    ledger.keys.revoke(revoked.id)
    all_of_them = [lasting, revoked, expired, expiring]

    found = ledger.keys.valid([b"unknown", *(key.name.encode() for key in all_of_them)])
    still = ledger.keys.still_valid(["key_unknown", *(key.id for key in all_of_them)])

    assert {digest: key.id for digest, key in found.items()} == {
        b"lasting": lasting.id,
        b"expiring": expiring.id,
    }
    assert found[b"expiring"].expires_at == soon
    assert still == {lasting.id, expiring.id}


def test_a_use_is_noted_once_a_minute(ledger: Ledger) -> None:
    key, other = _made(ledger, "used"), _made(ledger, "unused")
    assert not _is_noted(ledger, key)

    ledger.keys.note_uses([key.id])
    noted = _noted(ledger, key)
    ledger.keys.note_uses([key.id, key.id])

    assert noted is not None
    assert _is_noted(ledger, key)
    assert _noted(ledger, key) == noted
    assert _noted(ledger, other) is None

    with ledger_connection(ledger.pool) as connection:
        connection.execute("UPDATE api_keys SET last_used_at = now() - interval '61 seconds'")
    assert not _is_noted(ledger, key)
    ledger.keys.note_uses([key.id])
    assert _is_noted(ledger, key)


def test_a_key_that_somebody_else_is_writing_keeps_nobody_waiting(ledger: Ledger) -> None:
    held, free = _made(ledger, "held"), _made(ledger, "free")

    with ledger_connection(ledger.pool) as connection, connection.transaction():
        connection.execute("SELECT FROM api_keys WHERE id = %s FOR UPDATE", [held.id])
        ledger.keys.note_uses([held.id, free.id])

        assert _noted(ledger, free) is not None

    assert not _is_noted(ledger, held)
    ledger.keys.note_uses([held.id])
    assert _is_noted(ledger, held)
