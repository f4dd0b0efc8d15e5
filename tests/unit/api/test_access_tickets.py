"""A ticket opens one stream of one owner, for a short time."""

import time
from unittest.mock import patch

import pytest
from itsdangerous import TimestampSigner

from millstream_api.access.refusal import Unauthenticated
from millstream_api.access.tickets import Tickets

SECRET = "t" * 32
RESPONSE = "resp_" + "1" * 32
OTHER = "resp_" + "2" * 32


def test_a_ticket_of_one_replica_is_good_at_another() -> None:
    ticket, expires_at = Tickets(SECRET, 60).issue(RESPONSE, "user:alice")

    Tickets(SECRET, 60).check(ticket, RESPONSE, "user:alice")
    assert 0 < expires_at - time.time() <= 60


@pytest.mark.parametrize(
    ("response_id", "owner"), [(OTHER, "user:alice"), (RESPONSE, "user:bob"), (RESPONSE, "user:")]
)
def test_a_ticket_is_good_for_nothing_else(response_id: str, owner: str) -> None:
    tickets = Tickets(SECRET, 60)
    ticket, _ = tickets.issue(RESPONSE, "user:alice")

    with pytest.raises(Unauthenticated):
        tickets.check(ticket, response_id, owner)


def test_a_ticket_ends() -> None:
    tickets = Tickets(SECRET, 60)
    with patch.object(TimestampSigner, "get_timestamp", lambda _: int(time.time()) - 61):
        ticket, _ = tickets.issue(RESPONSE, "user:alice")

    with pytest.raises(Unauthenticated) as refused:
        tickets.check(ticket, RESPONSE, "user:alice")
    assert refused.value.code == "expired_ticket"


def test_a_ticket_that_was_changed_or_made_up_is_refused() -> None:
    tickets = Tickets(SECRET, 60)
    ticket, _ = tickets.issue(RESPONSE, "user:alice")
    stamp, _, signature = ticket.partition(".")
    forged = [
        "",
        ".",
        ticket + "x",
        f"{stamp}x.{signature}",
        f"{stamp}.{signature[:-1]}",
        f"{stamp}.{'A' * 43}",
        f"user:bob.{ticket}",
        "\0",
        Tickets("u" * 32, 60).issue(RESPONSE, "user:alice")[0],
        Tickets(None, 60).issue(RESPONSE, "user:alice")[0],
    ]

    for text in forged:
        with pytest.raises(Unauthenticated):
            tickets.check(text, RESPONSE, "user:alice")


def test_a_ticket_does_not_tell_whose_it_is() -> None:
    ticket, _ = Tickets(SECRET, 60).issue(RESPONSE, "user:alice@example.org")

    assert "alice" not in ticket
    assert len(ticket) < 60
