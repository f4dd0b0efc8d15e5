"""Many who come by API key share their trips to the ledger, and each is held to its own key."""

from collections.abc import Iterator

import gevent
import pytest

from millstream_api.access.keys import KeyUsers, key_digest, new_key
from millstream_api.access.refusal import Unauthenticated
from millstream_contract.ledger import Ledger, open_pool


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_pool(database_url, size=1) as pool:
        yield Ledger.of(pool)


def _made(ledger: Ledger, owner: str) -> tuple[str, str]:
    """Make a key; give it, and its id."""
    key = new_key()
    return key, ledger.keys.create(owner, "", key_digest(key)).id


def test_who_come_together_are_each_who_they_are_and_a_revoked_key_is_no_login(
    ledger: Ledger,
) -> None:
    users = KeyUsers(ledger.keys)
    anns, bobs, revoked = (_made(ledger, owner) for owner in ("ann", "bob", "ann"))
    ledger.keys.revoke(revoked[1])

    keys = [anns[0], bobs[0], anns[0], revoked[0], new_key()]
    come = [gevent.spawn(users.identify, key) for key in keys]
    gevent.joinall(come)

    known = [one.get() for one in come[:3]]
    assert [(identity.owner, identity.key_id) for identity in known] == [
        ("ann", anns[1]),
        ("bob", bobs[1]),
        ("ann", anns[1]),
    ]
    assert [type(one.exception) for one in come[3:]] == [Unauthenticated] * 2
    used = {key.id for key in ledger.keys.all_of() if key.last_used_at is not None}
    assert used == {anns[1], bobs[1]}


def test_a_key_that_is_revoked_is_no_login_for_who_comes_next(ledger: Ledger) -> None:
    users = KeyUsers(ledger.keys)
    (key, key_id), (other, other_id) = _made(ledger, "ann"), _made(ledger, "bob")
    assert users.identify(key).owner == "ann"
    users.check_still_valid(key_id)

    ledger.keys.revoke(key_id)

    come = [gevent.spawn(users.identify, one) for one in (key, other)]
    stay = [gevent.spawn(users.check_still_valid, one) for one in (key_id, other_id)]
    gevent.joinall(come)
    gevent.joinall(stay)
    assert [type(one.exception) for one in come] == [Unauthenticated, type(None)]
    assert [type(one.exception) for one in stay] == [Unauthenticated, type(None)]
