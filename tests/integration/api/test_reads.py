"""Viewers share their trips to the ledger, and see what each may see, as it is."""

from collections.abc import Iterator

import gevent
import pytest
from redis import Redis

from millstream_api.relay import Reads
from millstream_contract.errors import NotFound
from millstream_contract.ledger import Ledger, open_pool
from millstream_contract.ledger.new_entries import NewResponse
from millstream_contract.token_log import LogReads


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_pool(database_url, size=1) as pool:
        yield Ledger.of(pool)


@pytest.fixture
def reads(ledger: Ledger, redis_url: str) -> Iterator[Reads]:
    with Redis.from_url(redis_url) as redis:
        yield Reads(LogReads(redis), ledger.viewing)


def _accepted(ledger: Ledger, owner: str) -> str:
    return ledger.responses.accept(NewResponse(owner, "What is a log?", "m")).row.id


def test_who_asks_together_with_the_owner_sees_nothing_of_anothers_response(
    ledger: Ledger, reads: Reads
) -> None:
    response_id = _accepted(ledger, "ann")

    owner, other = (gevent.spawn(reads.outline, response_id, who) for who in ("ann", "bob"))
    gevent.joinall([owner, other])

    assert owner.get().status == "queued"
    with pytest.raises(NotFound):
        other.get()


def test_a_response_that_was_deleted_is_gone_for_who_asks_next(
    ledger: Ledger, reads: Reads
) -> None:
    response_id, other_id = _accepted(ledger, "ann"), _accepted(ledger, "ann")
    assert reads.outline(response_id, "ann").owner == "ann"
    assert reads.stored(response_id) is None

    ledger.responses.delete(response_id, "ann")

    looks = [
        gevent.spawn(look, one)
        for look in (reads.outline, reads.stored)
        for one in (response_id, other_id)
    ]
    gevent.joinall(looks)
    assert [type(look.exception) for look in looks] == [NotFound, type(None)] * 2
