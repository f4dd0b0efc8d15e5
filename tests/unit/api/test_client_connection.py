"""A connection that was taken over: its client's end is noticed, its silence bounded."""

import socket
from collections.abc import Iterator

import pytest
from gevent.event import Event

from millstream_api.relay.connection import ClientConnection, ConnectionGone


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_a_client_that_closes_is_noticed_without_a_write(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    connection, gone = ClientConnection(pair[0], send_seconds=5), Event()
    connection.watch(gone.set)

    pair[1].close()

    assert gone.wait(5)
    connection.close()


def test_it_outlives_the_descriptor_that_it_was_taken_from(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    connection = ClientConnection(pair[0], send_seconds=5)
    pair[0].close()

    connection.send(b"still here", 5)
    connection.close()

    assert pair[1].recv(100) == b"still here"
    assert pair[1].recv(100) == b""


def test_a_client_that_reads_nothing_is_given_up(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    connection = ClientConnection(pair[0], send_seconds=5)

    with pytest.raises(ConnectionGone):
        connection.send(b"x" * 10_000_000, 0.05)
    connection.close()
